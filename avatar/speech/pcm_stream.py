"""Sound from a pipe: raw samples, or a WAV whose length nobody knows yet."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from avatar.core.errors import AudioError
from avatar.speech.sound import check_rate, resampled

_PIECES_A_SECOND = 50
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_SCALES = {"<i2": 2.0**15, "<i4": 2.0**31, "<f4": 1.0}
_MOST_CHUNKS = 1000


_COMPRESSED = {
    b"OggS": "Ogg",
    b"fLaC": "FLAC",
    b"ID3": "MP3",
    b"ftyp": "MP4",
    b"\x1aE\xdf\xa3": "WebM or Matroska",
    b"FORM": "AIFF",
    b"caff": "CAF",
}
"""How files start that are not taken for raw samples, and what they are."""


@dataclass(frozen=True, kw_only=True)
class PcmFormat:
    """Interleaved little-endian samples: `rate` a second and channel, as numpy calls their kind."""

    rate: int = 16000
    channels: int = 1
    kind: str = "<i2"


@runtime_checkable
class ByteSource(Protocol):
    """Whatever gives at most so many bytes, none at its end: a pipe, a file."""

    def read(self, size: int, /) -> bytes | None:
        """Return the next bytes."""
        ...


def pcm_blocks(stream: ByteSource, raw: PcmFormat) -> Iterator[Float[np.ndarray, " samples"]]:
    """Give what a stream holds as pieces of 20 ms at 16 kHz, mono, as they arrive.

    A stream that starts like a WAV says itself what it holds; anything else is taken as `raw`.

    Raises:
        AudioError: a WAV of a kind that is not read here, a rate no voice has, or no sound at all.
    """
    start = _exactly(stream, 4)
    if start == b"RIFF":
        start, found = b"", _wav_format(stream)
    else:
        start, found = start + _exactly(stream, 4), raw
        _refuse_compressed(start)
    check_rate(found.rate, "rate")
    if not 1 <= found.channels <= 64:
        raise AudioError(f"channels: expected 1 to 64, got {found.channels}")
    blocks = _decoded(stream, start, found)
    first = next(blocks, None)
    if first is None:
        raise AudioError("standard input: there is no sound in it (0 samples)")
    yield from resampled(chain([first], blocks), found.rate, least=0.0)


def _refuse_compressed(start: bytes) -> None:
    """Refuse what would be played as noise: files that are neither WAV nor raw samples."""
    for mark, name in _COMPRESSED.items():
        if start.startswith(mark) or start[4:] == mark:
            raise AudioError(
                f"standard input: holds {name}, and only WAV or raw 16-bit samples are read there;"
                " decode it first: ffmpeg -i voice -f wav - | avatar speak --live -"
            )


def _decoded(stream: ByteSource, start: bytes, found: PcmFormat) -> Iterator[np.ndarray]:
    size = int(found.kind[-1]) * found.channels
    wanted = max(1, found.rate // _PIECES_A_SECOND) * size
    held = start
    while True:
        data = stream.read(wanted - len(held))
        held += data or b""
        whole = len(held) // size * size
        samples = np.frombuffer(held[:whole], found.kind).astype(np.float32)
        held = held[whole:]
        if len(samples):
            mixed = (samples / _SCALES[found.kind]).reshape(-1, found.channels).mean(1)
            yield np.nan_to_num(mixed, nan=0.0, posinf=1.0, neginf=-1.0)
        if not data:
            return


def _wav_format(stream: ByteSource) -> PcmFormat:
    """Read a WAV's head up to its samples (Microsoft's RIFF; lengths of streams are not known)."""
    if _exactly(stream, 8)[4:] != b"WAVE":
        raise AudioError("standard input: a RIFF, but no WAV")
    found: PcmFormat | None = None
    for _ in range(_MOST_CHUNKS):
        head = _exactly(stream, 8)
        if len(head) < 8:
            break
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            if found is None:
                break
            return found
        body = _exactly(stream, min(size + size % 2, 1 << 20))
        if name == b"fmt " and len(body) >= 16:
            found = _described(body)
    raise AudioError("standard input: a WAV that breaks off before its samples")


def _exactly(stream: ByteSource, size: int) -> bytes:
    """Return so many bytes, fewer only at the stream's end: pipes give what they have."""
    held = b""
    while len(held) < size and (more := stream.read(size - len(held))):
        held += more
    return held


def _described(body: bytes) -> PcmFormat:
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        tag = struct.unpack_from("<H", body, 24)[0]
    kind = {(_PCM, 16): "<i2", (_PCM, 32): "<i4", (_FLOAT, 32): "<f4"}.get((tag, bits))
    if kind is None:
        raise AudioError(
            f"standard input: expected a WAV of 16 or 32 bits, got {bits} bits of kind {tag}"
        )
    return PcmFormat(rate=rate, channels=channels, kind=kind)
