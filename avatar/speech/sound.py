"""Sound from files and arrays, block by block, at the one rate that everything after it uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.signal import upfirdn

from avatar.core.errors import AudioError
from avatar.speech.decode import Block, decoded_blocks
from avatar.speech.log_mel import RATE

LOWEST_RATE, HIGHEST_RATE = 4000, 400_000

_REACH = 12
"""Samples of the lower rate that the resampling filter reaches to either side."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Samples in memory, in [-1, 1], at `rate` a second; several channels are averaged."""

    samples: Float[np.ndarray, " samples"] | Float[np.ndarray, "samples channels"]
    rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim not in (1, 2):
            raise AudioError(
                f"samples: expected (samples,) or (samples, channels), got {self.samples.shape}"
            )
        check_rate(self.rate, "rate")


SoundSource = Sound | str | Path
"""Sound in memory, or a file with sound: any audio format, or a video."""


def check_rate(rate: int, name: str) -> None:
    """Refuse a sample rate that no recording of speech has.

    Raises:
        AudioError: it lies outside 4 kHz to 400 kHz.
    """
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioError(
            f"{name}: expected {LOWEST_RATE} to {HIGHEST_RATE} samples a second, got {rate};"
            " if the file's header is wrong, write it anew with the right rate"
        )


def sound_blocks(source: SoundSource) -> Iterator[Float[np.ndarray, " _"]]:
    """Give a sound as mono blocks at 16 kHz, however long it is, in memory that does not grow.

    Raises:
        AudioError: the file is missing, is no sound, has no samples, or has an impossible rate.
    """
    name = "sound" if isinstance(source, Sound) else str(source)
    heard = False
    for block in _mono_blocks(source, name):
        heard = heard or len(block) > 0
        yield block
    if not heard:
        raise AudioError(f"{name}: there is no sound in it (0 samples)")


def sound_track(source: SoundSource) -> Iterator[Block]:
    """Give a sound as mono blocks at its own rate, as films want it; raises as `sound_blocks`."""
    if isinstance(source, Sound):
        for block in _sliced(source):
            yield Block(samples=block, rate=source.rate)
        return
    yield from decoded_blocks(Path(source))


def _mono_blocks(source: SoundSource, name: str) -> Iterator[np.ndarray]:
    if isinstance(source, Sound):
        yield from resampled(_sliced(source), source.rate)
        return
    blocks = decoded_blocks(Path(source))
    first = next(blocks, None)
    if first is None:
        return
    check_rate(first.rate, name)

    def samples() -> Iterator[np.ndarray]:
        yield first.samples
        for block in blocks:
            yield block.samples

    yield from resampled(samples(), first.rate)


def _sliced(sound: Sound) -> Iterator[np.ndarray]:
    for start in range(0, len(sound.samples), sound.rate):
        block = np.asarray(sound.samples[start : start + sound.rate], np.float32)
        block = block if block.ndim == 1 else block.mean(1)
        yield np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0)


def resampled(blocks: Iterator[np.ndarray], rate: int, least: float = 0.5) -> Iterator[np.ndarray]:
    """Give the same sound at 16 kHz: a polyphase filter, as long on both sides, so no delay.

    Blocks shorter than `least` seconds wait for the next ones: 0 for streams that must not.
    """
    if rate == RATE:
        yield from blocks
        return
    shared = int(np.gcd(rate, RATE))
    up, down = RATE // shared, rate // shared
    half = _REACH * max(up, down)
    # Zeros in front bring the filter's middle to a whole output sample.
    taps = np.pad(up * _low_pass(half, 0.94 / max(up, down)), (-half % down, 0))
    # Blocks overlap by what the filter reaches; starting on multiples of `down` keeps the phase.
    reach = -(-(len(taps) // up + 1) // down) * down
    held = np.zeros(reach, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        ready = (len(held) - 2 * reach) // down * down
        if ready > 0 and ready >= least * rate:
            yield _filtered(held[: ready + 2 * reach], taps, (up, down), reach)
            held = held[ready:]
    left = len(held) - reach
    if left > 0:
        padded = np.concatenate([held, np.zeros(2 * reach + down, np.float32)])
        tail = _filtered(padded, taps, (up, down), reach)
        yield tail[: -(-left * up // down)]


def _filtered(
    held: np.ndarray, taps: np.ndarray, ratio: tuple[int, int], reach: int
) -> Float[np.ndarray, " samples"]:
    """Filter `held` without its margins of `reach`, both of which it needs."""
    up, down = ratio
    half = _REACH * max(up, down)
    first = (half + -half % down + reach * up) // down
    count = (len(held) - 2 * reach) * up // down
    return upfirdn(taps, held, up, down)[first : first + count].astype(np.float32)


def _low_pass(half: int, cutoff: float) -> Float[np.ndarray, " taps"]:
    """Return a windowed sinc of 2 half + 1 taps; `cutoff` as a share of half the rate."""
    places = np.arange(-half, half + 1)
    return (cutoff * np.sinc(cutoff * places) * np.kaiser(2 * half + 1, 9.0)).astype(np.float32)
