"""Long sound in pieces that end in pauses, so that hours need no more memory than minutes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from avatar.speech.log_mel import RATE

LONGEST = 24.0
"""Seconds after which a piece is cut, in the quietest tenth of its second half."""

_WINDOW = RATE // 10


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """Samples at 16 kHz from `start` (seconds) on."""

    start: float
    samples: Float[np.ndarray, " samples"]


def cut_utterances(
    blocks: Iterable[Float[np.ndarray, " samples"]], longest: float = LONGEST
) -> Iterator[Utterance]:
    """Give the sound as consecutive pieces of at most `longest` seconds that leave nothing out."""
    limit = int(longest * RATE)
    held: list[np.ndarray] = []
    length = start = 0
    for block in blocks:
        held.append(block)
        length += len(block)
        while length >= limit:
            samples = np.concatenate(held)
            cut = _quietest(samples, limit // 2, limit)
            yield Utterance(start=start / RATE, samples=samples[:cut])
            held, length, start = [samples[cut:]], length - cut, start + cut
    if length:
        yield Utterance(start=start / RATE, samples=np.concatenate(held))


def _quietest(samples: np.ndarray, low: int, high: int) -> int:
    """Return the middle of the quietest tenth of a second between two places."""
    sums = np.concatenate([[0.0], np.cumsum(samples[low:high].astype(np.float64) ** 2)])
    energy = sums[_WINDOW:] - sums[:-_WINDOW]
    # On whole hundredths, so that the frames of neighbours meet.
    return (low + int(energy.argmin()) + _WINDOW // 2) // 160 * 160
