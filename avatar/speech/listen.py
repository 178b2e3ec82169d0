"""A voice as it is heard: from a microphone, a pipe, or a file at its own pace.

However it comes, it is given in pieces of 20 ms at 16 kHz, never faster than time passes. Where
nothing arrives, silence is given instead, so that whoever listens stays in step with the clock.
"""

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from avatar.core.errors import AudioError
from avatar.speech.log_mel import RATE
from avatar.speech.pcm_stream import PcmFormat, pcm_blocks
from avatar.speech.sound import check_rate, resampled, sound_blocks

PIECE = 320
"""Samples given at once: 20 ms."""

_WAITING = 25
"""Pieces that may wait: half a second. A microphone's oldest ones are dropped then."""

_PATIENCE = 0.06
"""Seconds without sound after which silence is given instead."""

_GONE = 2.0
"""Seconds without sound after which a microphone has vanished."""

Piece = Float[np.ndarray, " samples"]


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Where a voice comes from: `-` for standard input, a file, or a microphone's name or number.

    `None` is the system's own microphone. `pcm` is what standard input holds unless it is a WAV.
    """

    source: str | None = None
    pcm: PcmFormat = field(default_factory=PcmFormat)


def listen(voice: Voice) -> Iterator[Piece]:
    """Give the voice's pieces when their time has come, until it ends.

    Raises:
        AudioError: it cannot be opened, or a microphone vanishes.
    """
    if voice.source == "-":
        # Unbuffered: a thread that waits in a buffer would hold up the end of the program.
        stream = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        return _in_time(_threaded(pcm_blocks(stream, voice.pcm)))
    if voice.source is not None and Path(voice.source).is_file():
        return _in_time(_threaded(_cut(sound_blocks(voice.source))))
    return _in_time(_microphone(voice.source), lasting=True)


class _Pieces:
    """Pieces on their way from a thread or a driver; at most `_WAITING` of them wait."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Piece | BaseException | None] = queue.Queue(_WAITING)
        self.finish: Callable[[], None] = lambda: None

    def offer(self, piece: Piece) -> None:
        """Add a piece without waiting; the oldest one goes if there are too many."""
        while True:
            try:
                self.waiting.put_nowait(piece)
            except queue.Full:
                self.waiting.get_nowait()
            else:
                return


def _in_time(pieces: _Pieces, *, lasting: bool = False) -> Iterator[Piece]:
    """Give pieces by the clock, silence where there are none."""
    given, start, arrived = 0, time.monotonic(), time.monotonic()
    silence = np.zeros(PIECE, np.float32)
    try:
        while True:
            due = start + given / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                piece = pieces.waiting.get(timeout=_PATIENCE)
            except queue.Empty:
                if lasting and time.monotonic() - arrived > _GONE:
                    raise AudioError(
                        f"microphone: gives no more sound after {given / RATE:.1f} s; is it there?"
                    ) from None
                missing = max(1, int((time.monotonic() - due) * RATE) // PIECE)
                for _ in range(missing):
                    given += PIECE
                    yield silence
                continue
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece
            arrived = time.monotonic()
            given += len(piece)
            yield piece
    finally:
        pieces.finish()


def _threaded(blocks: Iterator[Piece]) -> _Pieces:
    """Read blocks on a thread, so that a source that stalls does not stall the face."""
    pieces = _Pieces()
    closed = threading.Event()

    def hand_on(thing: Piece | BaseException | None) -> bool:
        while not closed.is_set():
            try:
                pieces.waiting.put(thing, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for block in blocks:
                if not hand_on(block):
                    return
        except Exception as error:
            hand_on(error)
        hand_on(None)

    pieces.finish = closed.set
    threading.Thread(target=read, daemon=True).start()
    return pieces


def _cut(blocks: Iterator[Piece]) -> Iterator[Piece]:
    for block in blocks:
        for start in range(0, len(block), PIECE):
            yield block[start : start + PIECE]


def _microphone(name: str | None) -> _Pieces:
    sounddevice = _sounddevice()
    device = int(name) if name is not None and name.isdecimal() else name
    pieces = _Pieces()
    try:
        about = sounddevice.query_devices(device, "input")
        rate = int(about["default_samplerate"])
        check_rate(rate, "microphone")
        raw: queue.Queue[Piece | None] = queue.Queue(_WAITING)

        def heard(data: Any, _frames: int, _time: Any, _status: Any) -> None:  # noqa: ANN401
            if not raw.full():
                raw.put_nowait(data.mean(1).astype(np.float32))

        stream = sounddevice.InputStream(
            device=device, samplerate=rate, blocksize=rate // 50, dtype="float32", callback=heard
        )
        stream.start()
    except (ValueError, sounddevice.PortAudioError) as error:
        raise AudioError(
            f"microphone: {'the system has none' if name is None else name!r} that can be opened"
            f" ({error}); pipe the sound in instead: avatar speak - --live"
        ) from error

    def arrived() -> Iterator[Piece]:
        while (block := raw.get()) is not None:
            yield block

    def convert() -> None:
        for block in _cut(resampled(arrived(), rate, least=0.0)):
            pieces.offer(block)

    def finish() -> None:
        stream.close()
        if not raw.full():
            raw.put_nowait(None)

    pieces.finish = finish
    threading.Thread(target=convert, daemon=True).start()
    return pieces


def _sounddevice() -> Any:  # noqa: ANN401 -- a module
    try:
        import sounddevice  # noqa: PLC0415
    except ImportError as error:
        raise AudioError(
            "microphone: needs sounddevice: pip install 'avatar[live]'; or pipe the sound in:"
            " avatar speak - --live"
        ) from error
    except OSError as error:
        raise AudioError(
            f"microphone: sounddevice finds no PortAudio ({error}); install it, or pipe the sound"
            " in: avatar speak - --live"
        ) from error
    return sounddevice
