"""`avatar view`: the web studio."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tyro.conf import Positional

from avatar.core.errors import OptionError

PORT = 8765


def view(
    path: Positional[Path | None] = None,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    browser: bool = True,
) -> None:
    """Open the studio: make heads, let them speak, look at them and export them, in a browser.

    For example:
      avatar view
      avatar view head.avatar
      avatar view heads/ --no-browser --port 9000

    Args:
        path: a head (.avatar) or a folder of heads; without it, the folder of your own.
        host: the address to listen at; any but this machine's own makes the page ask for a token.
        port: where to listen; the next free port from there on, 0 for any.
        browser: open the page in the browser of this machine.
    """
    # By name, when called: viewers are built on this package, not the other way round.
    needed = ("viewers", "starlette", "uvicorn", "websockets")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise OptionError(
            f"view: {', '.join(missing)} is missing; install avatar again: pip install ."
        )
    from avatar.files.cache import data_folder  # noqa: PLC0415

    studio = import_module("viewers.server.open_studio")
    studio.open_studio(path or data_folder() / "heads", host, port, browser=browser)
