"""How loud the speech in a recording is, found in one pass, however long it is."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from avatar.speech.log_mel import RATE

TARGET = -23.0
"""What speech is brought to, in dB below full scale (EBU R 128's level)."""

_FRAME = RATE // 10
_SILENCE = -65.0
_GATE = 10.0
_LARGEST_GAIN = 45.0
_CLIPPED = 0.999
_STEP = 0.5
_BINS = 240


@dataclass(frozen=True, kw_only=True)
class Level:
    """Length, speech level in dB below full scale (None in silence), share of clipped samples."""

    seconds: float
    speech: float | None
    clipped: float

    @property
    def gain(self) -> float:
        """The factor that brings the speech to `TARGET`; 1 where there is none."""
        if self.speech is None:
            return 1.0
        return float(10 ** (min(TARGET - self.speech, _LARGEST_GAIN) / 20))


def measure_level(blocks: Iterable[Float[np.ndarray, " samples"]]) -> Level:
    """Return the level of the parts that are not silent or much quieter than the rest.

    Gated as in ITU-R BS.1770-4, on tenths of a second and without its filter, which would weigh
    down low voices.
    """
    counts = np.zeros(_BINS, np.int64)
    rest = np.zeros(0, np.float32)
    samples = clipped = 0
    for block in blocks:
        samples += len(block)
        clipped += int((np.abs(block) >= _CLIPPED).sum())
        rest = np.concatenate([rest, block])
        whole = len(rest) // _FRAME * _FRAME
        power = (rest[:whole].reshape(-1, _FRAME).astype(np.float64) ** 2).mean(1)
        places = (10 * np.log10(power + 1e-12) / -_STEP).astype(int).clip(0, _BINS - 1)
        counts += np.bincount(places, minlength=_BINS)
        rest = rest[whole:]
    decibels = -_STEP * (np.arange(_BINS) + 0.5)
    power = 10 ** (decibels / 10)
    audible = counts * (decibels > _SILENCE)
    speech = None
    if audible.sum():
        loose = 10 * np.log10((audible * power).sum() / audible.sum())
        kept = audible * (decibels > loose - _GATE)
        speech = float(10 * np.log10((kept * power).sum() / kept.sum()))
    return Level(seconds=samples / RATE, speech=speech, clipped=clipped / max(samples, 1))
