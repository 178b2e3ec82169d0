"""Reads cameras, pipes, and files at their own pace: frames as they happen, never piled up."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.capture.read_video import Video, VideoFrame, described, pyav
from avatar.core.errors import VideoError

if TYPE_CHECKING:
    from av.container import InputContainer

_SYSTEMS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
"""FFmpeg's name for a system's cameras."""

_WISHES: tuple[dict[str, str], ...] = (
    {"video_size": "640x480", "framerate": "30"},
    {"framerate": "30"},
    {},
)
"""What a camera is asked for, from the best down: not every one can do it."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """An open source of live frames.

    `paced` is true for files, whose frames are given out when their time has come, as a camera
    would; `endless` for cameras, whose end is a failure.
    """

    video: Video
    paced: bool
    endless: bool

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.video.name

    def frames(self) -> Generator[VideoFrame, None, None]:
        """Yield frames as they come, with their times from the first one on.

        Raises:
            VideoError: no frame can be read, or a camera stops giving any.
        """
        start, last = time.monotonic(), 0.0
        for frame in self.video.frames():
            last = frame.time
            if self.paced:
                time.sleep(max(0.0, start + frame.time - time.monotonic()))
            yield frame
        if self.endless:
            raise VideoError(
                f"{self.name}: gives no more pictures after {last:.1f} s; is it there?"
            )


@contextmanager
def open_camera(source: str) -> Generator[Camera, None, None]:
    """Open a camera by its number or device file, a pipe, `-` for standard input, or a file.

    Raises:
        VideoError: it is not there, is used by another program, or gives no video.
    """
    container, name, device = _opened(source)
    with container:
        video = described(container, name)
        # Decoding on several threads would hold frames back.
        video.stream.thread_type = "NONE"
        paced = not device and Path(source).is_file()
        yield Camera(video=video, paced=paced, endless=device)


def _opened(source: str) -> tuple["InputContainer", str, bool]:
    """Return the open source, its name in messages, and whether it is a camera."""
    av: Any = pyav()
    path = Path(source)
    is_number = source.isdecimal()
    if is_number or path.is_char_device():
        return _device(av, source), f"camera {source}", True
    try:
        if source == "-":
            return av.open(sys.stdin.buffer), "standard input", False
        if not path.exists():
            raise VideoError(
                f"camera: expected a number, a device, a pipe, a video or -, got {source!r}"
            )
        return av.open(str(path)), path.name, False
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(f"{source}: not a video that can be read ({error.strerror})") from error


def _device(av: Any, source: str) -> "InputContainer":  # noqa: ANN401 -- a module
    kind = _SYSTEMS.get(sys.platform)
    if kind is None:
        raise VideoError(f"camera {source}: cameras of {sys.platform} are not read here; pipe them")
    problem: Exception | None = None
    for wish in _WISHES:
        try:
            return av.open(_address(av, kind, source), format=kind, options=wish)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            problem = error
    raise VideoError(
        f"camera {source}: cannot be opened ({getattr(problem, 'strerror', None) or problem}); is"
        " it plugged in, and used by no other program?"
    ) from problem


def _address(av: Any, kind: str, source: str) -> str:  # noqa: ANN401 -- a module
    """Return what FFmpeg calls a camera that was given by number or device file."""
    if not source.isdecimal() or kind == "avfoundation":
        return source
    if kind == "v4l2":
        return f"/dev/video{source}"
    cameras = [d.name for d in av.enumerate_input_devices(kind) if "video" in d.media_types]
    if int(source) >= len(cameras):
        raise VideoError(f"camera: expected one of {len(cameras)} (from 0), got {source}")
    return f"video={cameras[int(source)]}"
