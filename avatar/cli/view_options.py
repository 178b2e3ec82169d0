"""What `avatar view --desktop` can be asked for; free of heavy imports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from avatar.animation.film_options import FILM_SUFFIXES
from avatar.cli.outputs import PICTURE_SUFFIXES, check_paths, check_suffix
from avatar.core.errors import OptionError

LARGEST = 4096


@dataclass(frozen=True, kw_only=True)
class DesktopOptions:
    """A window of its own instead of the browser.

    Attributes:
        desktop: open a window of this machine instead of the studio; needs
            `pip install 'avatar[desktop]'`.
        headless: with --desktop: no window, but the files of --output.
        output: with --headless: pictures (.png, .jpg), or films of the clip (.mp4, .webm, ...).
        clip: with --desktop: a performance to play: curves (.csv, .npz) or a video to track.
        sound: what is heard with the clip; that of the clip, where it is a video.
        time: with --headless: which moment of the clip goes to pictures, in seconds.
        camera: with --desktop: a camera's number or device, a pipe, or a video, to follow live.
        voice: with --desktop: a voice to speak live: a microphone's name or number, `default` for
            the system's own, a file, or `-` for standard input (16-bit, 16 kHz, or a WAV).
        look: how the head is drawn; splats where it has them, else shaded.
        light: portrait, softbox, window, rim, overcast, or an environment of your own (.hdr).
        framing: where it is seen from.
        backdrop: what lies behind it.
        size: width and height of the window or the pictures.
    """

    desktop: bool = False
    headless: bool = False
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = ()
    clip: Path | None = None
    sound: Path | None = None
    time: float = 0.0
    camera: str | None = None
    voice: str | None = None
    look: Literal["splats", "shaded", "clay", "albedo", "normals", "wireframe", "uv"] | None = None
    light: str = "portrait"
    framing: Literal["face", "head", "left", "right", "bust"] = "head"
    backdrop: Literal["studio", "dark", "grey", "white", "green"] = "studio"
    size: tuple[int, int] = (1280, 720)

    def __post_init__(self) -> None:
        if not self.desktop:
            given = [name for name in _OF_THE_WINDOW if getattr(self, name) != _default(name)]
            if given:
                raise OptionError(f"{given[0]}: belongs to the desktop window; add --desktop")
            return
        if self.headless and not self.output:
            raise OptionError("headless: expected an --output to draw into, such as -o frame.png")
        if self.output and not self.headless:
            raise OptionError("output: the window writes no files; add --headless")
        if self.headless and (self.camera or self.voice):
            raise OptionError("camera, voice: are followed live, in a window; leave --headless out")
        if self.camera and self.voice:
            raise OptionError("camera, voice: expected one of them to move the head, got both")
        if min(self.size) < 64 or max(self.size) > LARGEST:
            raise OptionError(f"size: expected 64 to {LARGEST} pixels, got {self.size}")
        if self.time < 0:
            raise OptionError(f"time: expected 0 or more, got {self.time:g}")
        for path in self.output:
            check_suffix("output", path, (*FILM_SUFFIXES, *PICTURE_SUFFIXES))
        check_paths(self.output)


_OF_THE_WINDOW = (
    *("headless", "output", "clip", "sound", "time", "camera", "voice"),
    *("look", "light", "framing", "backdrop", "size"),
)


def _default(name: str) -> object:
    return DesktopOptions.__dataclass_fields__[name].default
