"""A live worker's end of its pipes: what the page sends on stdin, what it is told on stdout.

The first line of stdin is the order. Then comes, piece by piece, how many bytes follow (four,
little-endian) and these bytes; no bytes end the take, which is then kept. As
`viewers.server.worker`, it ends with its server.
"""

import os
import struct
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, TextIO

from avatar.core.clip import Clip
from avatar.core.errors import AvatarError
from viewers.server.codec import decode, encode
from viewers.server.messages import LiveFace
from viewers.server.order import LiveOrder, LiveStart, Outcome

MOST_FRAMES = 60 * 60 * 10
"""Of a take: ten minutes at 60 frames a second; what comes after is shown and not kept."""


class LivePipe:
    """What comes from a page, and the way to answer it."""

    def __init__(self, order: LiveOrder, pipe: BinaryIO, answers: TextIO) -> None:
        self.order = order
        self._pipe = pipe
        self._answers = answers

    def pieces(self) -> Iterator[bytes]:
        """Yield what the page sends, until it stops; the process ends when the server is gone."""
        while True:
            head = self._pipe.read(4)
            if len(head) < 4:
                os._exit(1)
            (length,) = struct.unpack("<I", head)
            if length == 0:
                return
            yield self._pipe.read(length)

    def say(self, message: LiveStart | LiveFace | Outcome) -> None:
        """Tell the server something."""
        self._answers.write(encode(message) + "\n")


def serve_live(work: Callable[[LivePipe], None]) -> None:
    """Do what the order on stdin says with what comes after it, and say how that ended."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    order: LiveOrder = decode(LiveOrder, sys.stdin.buffer.readline())
    pipe = LivePipe(order, sys.stdin.buffer, answers)
    error: str | None = None
    try:
        work(pipe)
    except AvatarError as problem:
        error = str(problem)
    pipe.say(Outcome(kind="outcome", error=error, warnings=()))


def face_of(time: float, clip: Clip | None) -> LiveFace:
    """Return what the page is told of one frame; without a clip, that there is no face."""
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
