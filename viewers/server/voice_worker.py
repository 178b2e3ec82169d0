"""A process that speaks along with a microphone: a piece is 16-bit samples, little-endian, mono."""

from pathlib import Path

import numpy as np

from avatar.animation.join import join_frames
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.speech.listen import PIECE
from avatar.speech.log_mel import RATE
from avatar.speech.pcm_stream import PcmFormat, pcm_blocks
from avatar.speech.perform_live import LiveSpeaker
from avatar.speech.sound import Sound
from viewers.server.live_pipe import MOST_FRAMES, LivePipe, face_of, serve_live
from viewers.server.order import LiveStart
from viewers.server.tasks import keep_performance

_REST = 0.3
"""Seconds after the last sound in which the mouth comes to rest."""


class PipedSamples:
    """The samples that come in on a pipe, as one stream of bytes; all of them are kept."""

    def __init__(self, pipe: LivePipe) -> None:
        self._pieces = pipe.pieces()
        self._rest = b""
        self.heard: list[bytes] = []

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
            self.heard.append(self._rest)
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def speak_along(pipe: LivePipe) -> None:
    """Speak along with the microphone until it ends."""
    if pipe.order.head is None:
        raise AssertionError("the server names a head")
    speaker = LiveSpeaker(Avatar.load(pipe.order.head))
    pipe.say(LiveStart(kind="start", delay=speaker.latency))
    samples = PipedSamples(pipe)
    take: list[Clip] = []

    def show(frames: list[Clip]) -> None:
        for frame in frames:
            pipe.say(face_of(float(frame.times[0]), frame))
        take.extend(frames[: max(0, MOST_FRAMES - len(take))])

    for piece in pcm_blocks(samples, PcmFormat(rate=pipe.order.rate)):
        show(speaker.push(piece))
    for _ in range(int((speaker.latency + _REST) * RATE / PIECE)):
        show(speaker.push(np.zeros(PIECE, np.float32)))
    heard = np.frombuffer(b"".join(samples.heard), "<i2").astype(np.float32) / 32768
    most = int(float(take[-1].times[0] + 1) * pipe.order.rate)
    sound = Sound(samples=heard[:most], rate=pipe.order.rate)
    keep_performance(join_frames(take, "voice"), sound, Path(pipe.order.folder))


if __name__ == "__main__":
    serve_live(speak_along)
