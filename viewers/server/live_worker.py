"""A process that follows a camera: frames on stdin, what the face does on stdout.

The first line of stdin is the folder for the take. Then comes, frame by frame, how many bytes
follow (four, little-endian), the time in seconds (eight, a float) and a JPEG; no bytes end the
take, which is then kept. As `viewers.server.worker`, it ends with its server.
"""

import io
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from avatar.animation.join import join_frames
from avatar.capture.read_video import VideoFrame
from avatar.core.clip import Clip
from avatar.core.errors import AvatarError
from avatar.create.track_live import track_live
from avatar.head.registry import DEFAULT_MODEL, load_model
from viewers.server.codec import encode
from viewers.server.messages import LiveFace
from viewers.server.order import Outcome, Ready
from viewers.server.tasks import keep_performance

MOST_SIDE = 1280
_MOST_FRAMES = 60 * 60 * 10


class PipedFrames:
    """The frames that come in on a pipe."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def frames(self) -> Iterator[VideoFrame]:
        """Yield frames as they come; what is no picture of a camera's size is left out."""
        while True:
            head = self._pipe.read(4)
            if len(head) < 4:
                os._exit(1)  # the server is gone
            (length,) = struct.unpack("<I", head)
            if length == 0:
                return
            data = self._pipe.read(length)
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


def main() -> None:
    """Follow the camera until it ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    pipe = sys.stdin.buffer
    folder = Path(pipe.readline().decode().strip())
    take: list[Clip] = []
    error: str | None = None
    try:
        model = load_model(DEFAULT_MODEL)
        answers.write(encode(Ready(kind="ready")) + "\n")
        for live in track_live(PipedFrames(pipe), model):
            answers.write(encode(_face(live.time, live.clip)) + "\n")
            if live.clip is not None and len(take) < _MOST_FRAMES:
                take.append(live.clip)
        if len(take) > 1:
            keep_performance(join_frames(take, "webcam"), None, folder)
    except AvatarError as problem:
        error = str(problem)
    answers.write(encode(Outcome(kind="outcome", error=error, warnings=())) + "\n")


def _face(time: float, clip: Clip | None) -> LiveFace:
    if clip is None:
        return LiveFace(kind="face", time=time, weights=(), joints=(), rotations=())
    turns = clip.joint_rotations
    return LiveFace(
        kind="face",
        time=time,
        weights=tuple(round(value, 4) for value in clip.weights[0].tolist()),
        joints=clip.joint_names,
        rotations=() if turns is None else tuple(turns[0].flatten().tolist()),
    )


if __name__ == "__main__":
    main()
