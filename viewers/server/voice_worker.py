"""A process that speaks along with a microphone: a piece is 16-bit samples, little-endian, mono."""

from pathlib import Path

import numpy as np

from avatar.animation.join import join_frames
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.speech.pcm_stream import PcmFormat, pcm_blocks
from avatar.speech.perform_live import LiveSpeaker
from avatar.speech.sound import Sound
from viewers.server.live_pipe import MOST_FRAMES, LivePipe, face_of, serve_live
from viewers.server.order import LiveStart
from viewers.server.tasks import keep_performance


class PipedSamples:
    """The samples that come in on a pipe, as one stream of bytes; the first `most` are kept."""

    def __init__(self, pipe: LivePipe, most: int) -> None:
        self._pieces = pipe.pieces()
        self._rest = b""
        self._left = 2 * most
        self.heard: list[bytes] = []

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
            if self._left > 0:
                self.heard.append(self._rest)
                self._left -= len(self._rest)
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def speak_along(pipe: LivePipe) -> None:
    """Speak along with the microphone until it ends."""
    if pipe.order.head is None:
        raise AssertionError("the server names a head")
    speaker = LiveSpeaker(Avatar.load(pipe.order.head))
    pipe.say(LiveStart(kind="start", delay=speaker.latency))
    most = int(MOST_FRAMES / speaker.options.fps * pipe.order.rate)
    samples = PipedSamples(pipe, most=most)
    take: list[Clip] = []

    def show(frames: list[Clip]) -> None:
        for frame in frames:
            pipe.say(face_of(float(frame.times[0]), frame))
        take.extend(frames[: max(0, MOST_FRAMES - len(take))])

    for piece in pcm_blocks(samples, PcmFormat(rate=pipe.order.rate)):
        show(speaker.push(piece))
    for frames in speaker.closing():
        show(frames)
    heard = np.frombuffer(b"".join(samples.heard), "<i2").astype(np.float32) / 32768
    sound = Sound(samples=heard, rate=pipe.order.rate)
    keep_performance(join_frames(take, "voice"), sound, Path(pipe.order.folder))


if __name__ == "__main__":
    serve_live(speak_along)
