"""`avatar view`: the web studio, and the desktop window."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tyro.conf import OmitArgPrefixes, Positional

from avatar.cli.view_options import DesktopOptions
from avatar.core.errors import OptionError

PORT = 8765
WINDOW_NEEDS = ("moderngl", "moderngl_window", "imgui_bundle")
DESKTOP_DEFAULTS = DesktopOptions()


def view(
    path: Positional[Path | None] = None,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    browser: bool = True,
    desktop: OmitArgPrefixes[DesktopOptions] = DESKTOP_DEFAULTS,
) -> None:
    """Open the studio in a browser: make heads, let them speak, look at them and export them.

    With --desktop, a window of its own shows one head with less delay: moved by hand, by a clip, or
    live by a camera or a voice; without a screen, --headless draws the same into files.

    For example:
      avatar view
      avatar view head.avatar
      avatar view heads/ --no-browser --port 9000
      avatar view head.avatar --desktop
      avatar view head.avatar --desktop --camera 0
      avatar view head.avatar --desktop --headless --clip speech.csv -o talk.mp4 frame.png

    Args:
        path: a head (.avatar) or a folder of heads; without it, the folder of your own, or the
            average head in the window.
        host: the address to listen at; any but this machine's own makes the page ask for a token.
        port: where to listen; the next free port from there on, 0 for any.
        browser: open the page in the browser of this machine.
        desktop: the window.
    """
    if desktop.desktop:
        _open_window(path, desktop)
        return
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


def _open_window(path: Path | None, options: DesktopOptions) -> None:
    if find_spec("viewers") is None:
        raise OptionError("view: viewers is missing; install avatar again: pip install .")
    missing = [name for name in WINDOW_NEEDS if find_spec(name) is None]
    if missing:
        raise OptionError(
            f"desktop: {', '.join(missing)} is missing: pip install 'avatar[desktop]'; or leave"
            " --desktop out, and the studio opens in a browser"
        )
    window = import_module("viewers.desktop.open_desktop")
    window.open_desktop(path, options)
