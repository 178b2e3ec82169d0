"""Reads videos: upright frames with their times, in constant memory."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from avatar.core.errors import VideoError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame as DecodedFrame
    from av.video.stream import VideoStream

_STILLS = ("_pipe", "image2")
"""Endings of the names of formats that are single pictures."""

_COVER = "attached_pic"
MICROSECONDS = 1_000_000
"""In a second: the unit in which FFmpeg states a file's duration."""


@dataclass(frozen=True, kw_only=True)
class VideoFrame:
    """One upright frame: 8-bit sRGB, shown at `time` seconds from the video's start."""

    pixels: UInt8[Tensor, "height width 3"]
    time: float

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.pixels.shape[0]


@dataclass(kw_only=True)
class Video:
    """An open video.

    `duration` (seconds) and `rate` (frames a second, on average) are what the file claims, None
    where it claims nothing. `warnings` grows while the frames are read.
    """

    name: str
    duration: float | None
    rate: float | None
    has_sound: bool
    container: "InputContainer"
    stream: "VideoStream"
    warnings: list[str] = field(default_factory=list[str])

    def frames(self) -> Generator[VideoFrame, None, None]:
        """Yield the frames in order; a damaged end is left out, with a warning.

        Times are the file's own, so a variable frame rate stays what it is; frames whose time does
        not come after the one before are dropped.

        Raises:
            VideoError: not a single frame can be read.
        """
        av = pyav()
        last = -1.0
        start: float | None = None
        step = 1.0 / (self.rate or 25.0)
        try:
            for decoded in self.container.decode(self.stream):
                stated = None if decoded.pts is None else decoded.time
                if start is None:
                    start = stated or 0.0
                time = last + step if stated is None else stated - start
                if time <= last:
                    continue
                last = max(time, 0.0)
                yield VideoFrame(pixels=_upright(decoded), time=last)
        except (av.error.FFmpegError, EOFError) as error:
            if last < 0:
                raise VideoError(
                    f"{self.name}: no frame can be decoded ({_said(error)}); the file is damaged, "
                    "or of a kind this build of FFmpeg does not read: convert it to H.264"
                ) from error
            self.warnings.append(
                f"{self.name}: damaged after {last:.2f} s ({_said(error)}); only what comes before "
                "is used"
            )
        if last < 0:
            raise VideoError(f"{self.name}: the video holds no frames")
        if self.duration and not self.warnings and last < 0.9 * self.duration - 2 * step - 0.5:
            self.warnings.append(
                f"{self.name}: ends at {last:.2f} s of the {self.duration:.2f} s it claims to have"
            )


@contextmanager
def open_video(path: str | Path) -> Generator[Video, None, None]:
    """Open a video for reading.

    Raises:
        VideoError: it is not there, no video, or only sound or a picture.
    """
    av = pyav()
    path = Path(path)
    if not path.is_file():
        raise VideoError(f"{path}: no such file")
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(
            f"{path.name}: not a video that can be read ({_said(error)}); expected MP4, MOV, WebM, "
            "MKV or AVI"
        ) from error
    with container:
        yield described(container, path.name)


def described(container: "InputContainer", name: str) -> Video:
    """Return an open file's first moving picture.

    Raises:
        VideoError: it holds only sound or a picture.
    """
    if container.format.name.endswith(_STILLS):
        raise VideoError(
            f"{name}: a picture, not a video; `avatar reconstruct` makes a head from pictures"
        )
    moving = [s for s in container.streams.video if _COVER not in str(s.disposition)]
    if not moving:
        held = "only sound" if container.streams.audio else "neither pictures nor sound"
        raise VideoError(f"{name}: expected a video, found {held}")
    stream = moving[0]
    stream.thread_type = "AUTO"
    rate = stream.average_rate or stream.guessed_rate
    duration = container.duration / MICROSECONDS if container.duration else None
    return Video(
        name=name,
        duration=duration,
        rate=float(rate) if rate else None,
        has_sound=bool(container.streams.audio),
        container=container,
        stream=stream,
    )


def pyav() -> Any:  # noqa: ANN401 -- a module
    """Return PyAV; VideoError if it is not installed."""
    try:
        return import_module("av")
    except ImportError as error:
        raise VideoError(
            "videos are read by PyAV, which is not installed: pip install 'avatar[media]'"
        ) from error


def _upright(frame: "DecodedFrame") -> UInt8[Tensor, "height width 3"]:
    """Return the frame's pixels, turned as the file's display matrix says."""
    pixels = torch.from_numpy(frame.to_ndarray(format="rgb24"))
    return turned(pixels, round(frame.rotation / 90))


def turned(pixels: UInt8[Tensor, "height width 3"], quarters: int) -> UInt8[Tensor, "h w 3"]:
    """Return pixels turned counter-clockwise by quarter turns."""
    return torch.rot90(pixels, quarters % 4, (0, 1)).contiguous() if quarters % 4 else pixels


def _said(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)
