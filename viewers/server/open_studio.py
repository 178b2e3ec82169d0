"""`avatar view`: the server's start and end, and the page opened in a browser."""

import os
import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from avatar.core.errors import OptionError, OutputError
from avatar.files.atomic import make_folder
from viewers.server.app import studio_app
from viewers.server.gallery import SUFFIX
from viewers.server.settings import StudioSettings

_LOCAL = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = {
    # Addresses that are set aside for examples: far away from any machine.
    "0.0.0.0": (socket.AF_INET, "192.0.2.1"),
    "::": (socket.AF_INET6, "2001:db8::1"),
}
_PORTS = 20
_SOCKET_BYTES = 1 << 20


def open_studio(path: Path, host: str, port: int, *, browser: bool) -> None:
    """Serve the studio until Ctrl-C.

    Args:
        path: a folder of heads, or one head, whose folder it then is.
        host: the address to listen at; any but this machine's own asks visitors for a token.
        port: where to listen; the next free one from here on.
        browser: open the page.

    Raises:
        OptionError: the path is neither, or the address cannot be used.
        OutputError: the folder cannot be used.
    """
    folder, head = _folder_and_head(path)
    listener = _listen(host, port)
    taken = ""
    wanted, port = port, listener.getsockname()[1]
    if wanted and port != wanted:
        taken = f"Port {wanted} is taken, so it is {port}.\n"
    local = host in _LOCAL
    token = None if local else secrets.token_urlsafe(24)
    settings = StudioSettings(
        folder=folder,
        token=token,
        hosts=tuple(f"{name}:{port}" for name in (*_LOCAL[:2], "[::1]")) if local else (),
        open=head,
    )
    name = _reachable(host)
    address = f"http://{f'[{name}]' if ':' in name else name}:{port}/"
    address += f"?token={token}" if token else ""
    server = _Server(
        uvicorn.Config(
            studio_app(settings),
            log_level="warning",
            access_log=False,
            ws_max_size=_SOCKET_BYTES,
            ws_per_message_deflate=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        ),
        lambda: _tell(f"{taken}Avatar studio: {address}", address, folder, browser=browser),
    )
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._told_start = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        if self.started:
            self._told_start()


def _folder_and_head(path: Path) -> tuple[Path, Path | None]:
    if path.is_dir():
        return path.resolve(), None
    if path.suffix == SUFFIX:
        if not path.is_file():
            raise OptionError(f"path: there is no {path}; give a head, or a folder of heads")
        return path.resolve().parent, path.resolve()
    if path.exists() or path.suffix:
        raise OptionError(f"path: expected a folder or a head ({SUFFIX}), got {path.name!r}")
    make_folder(path)
    return path.resolve(), None


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise OptionError(f"port: expected 0 to 65535, got {port}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + _PORTS, 65536)) if port else (0,):
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except (OSError, OverflowError) as error:
            listener.close()
            if isinstance(error, OSError) and error.errno in (98, 48, 10048):  # in use
                continue
            raise OptionError(
                f"host, port: cannot listen at {host}:{candidate}: {error}"
            ) from error
        return listener
    raise OutputError(f"port: none from {port} to {port + _PORTS - 1} is free; give another --port")


def _tell(greeting: str, address: str, folder: Path, *, browser: bool) -> None:
    sys.stdout.write(f"{greeting}\nHeads in {folder}; Ctrl-C ends it.\n")
    if browser and not _open(address):
        sys.stdout.write(
            "There is no browser to open here: open the address above in one. From another "
            f"machine, first: ssh -L {_port_of(address)}:127.0.0.1:{_port_of(address)} "
            "<this machine>\n"
        )
    sys.stdout.flush()


def _reachable(host: str) -> str:
    """Return a name under which others reach what listens at `host`, which may be every address."""
    if host not in _EVERYWHERE:
        return host
    family, afar = _EVERYWHERE[host]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((afar, 9))  # sends nothing: only the way out is chosen
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1" if family == socket.AF_INET else "::1"


def _open(address: str) -> bool:
    """Open the page; False where there is no screen or no browser to do it with."""
    if sys.platform not in ("win32", "darwin") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False  # what would be found there is a browser for terminals
    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False


def _port_of(address: str) -> str:
    return address.rsplit(":", 1)[1].split("/", 1)[0]
