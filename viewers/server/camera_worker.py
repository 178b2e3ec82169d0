"""A process that follows a camera: a piece is the time in seconds (a double) and a JPEG."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from avatar.animation.join import join_frames
from avatar.capture.read_video import VideoFrame
from avatar.core.clip import Clip
from avatar.create.track_live import track_live
from avatar.head.registry import DEFAULT_MODEL, load_model
from viewers.server.live_pipe import MOST_FRAMES, LivePipe, face_of, serve_live
from viewers.server.order import LiveStart
from viewers.server.tasks import keep_performance

MOST_SIDE = 1280


class PipedFrames:
    """The frames that come in on a pipe."""

    def __init__(self, pipe: LivePipe) -> None:
        self._pipe = pipe

    def frames(self) -> Iterator[VideoFrame]:
        """Yield frames as they come; what is no picture of a camera's size is left out."""
        for data in self._pipe.pieces():
            frame = _frame(data)
            if frame is not None:
                yield frame


def _frame(data: bytes) -> VideoFrame | None:
    (time,) = struct.unpack_from("<d", data)
    try:
        with Image.open(io.BytesIO(data[8:]), formats=("JPEG",)) as picture:
            if max(picture.size) > MOST_SIDE:
                return None
            pixels = np.array(picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError):
        return None
    return VideoFrame(pixels=torch.from_numpy(pixels), time=time)


def follow(pipe: LivePipe) -> None:
    """Follow the camera until it ends."""
    take: list[Clip] = []
    model = load_model(DEFAULT_MODEL)
    pipe.say(LiveStart(kind="start", delay=0.0))
    for live in track_live(PipedFrames(pipe), model):
        pipe.say(face_of(live.time, live.clip))
        if live.clip is not None and len(take) < MOST_FRAMES:
            take.append(live.clip)
    if len(take) > 1:
        keep_performance(join_frames(take, "webcam"), None, Path(pipe.order.folder))


if __name__ == "__main__":
    serve_live(follow)
