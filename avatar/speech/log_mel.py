"""What the network hears: log-mel energies, a hundred frames a second, in streaming form."""

from functools import cache

import numpy as np
from jaxtyping import Float

RATE = 16000
"""Samples a second."""

HOP = 160
"""Samples between frames: a hundred frames a second."""

MELS = 80

_WINDOW, _FFT = 400, 512
_LOWEST, _HIGHEST = 60.0, 7600.0
_FLOOR = 1e-6
_FIRST_MEAN = -5.0
_SPREAD = 3.0
_MEMORY = 200.0
"""Frames over which the running mean that is taken off forgets."""

_BLOCK = 3000


class LogMel:
    """Log-mel frames of a stream of samples, each bin without its running mean.

    A frame sees no sample after its own hop, so it adds no delay. Taking off the mean of the last
    seconds makes the level of the recording and the colour of the microphone vanish.
    """

    def __init__(self, warp: float = 1.0) -> None:
        self._bank = mel_bank(warp)
        self._tail = np.zeros(_WINDOW - HOP, np.float32)
        self._rest = np.zeros(0, np.float32)
        self._mean = np.full(MELS, _FIRST_MEAN, np.float32)

    def push(self, samples: Float[np.ndarray, " samples"]) -> Float[np.ndarray, "frames 80"]:
        """Return the frames that these samples (16 kHz, in [-1, 1]) complete."""
        waiting = np.concatenate([self._rest, samples.astype(np.float32)])
        count = len(waiting) // HOP
        self._rest = waiting[count * HOP :]
        blocks: list[np.ndarray] = []
        for start in range(0, count, _BLOCK):
            stop = min(start + _BLOCK, count)
            blocks.append(self._energies(waiting[start * HOP : stop * HOP]))
        frames = np.concatenate(blocks) if blocks else np.zeros((0, MELS), np.float32)
        return self._without_mean(frames)

    def _energies(self, samples: np.ndarray) -> np.ndarray:
        heard = np.concatenate([self._tail, samples])
        self._tail = heard[-(_WINDOW - HOP) :]
        # What `sliding_window_view` gives, in a tenth of its time: it is called for every 20 ms.
        size = heard.itemsize
        count = (len(heard) - _WINDOW) // HOP + 1
        windows = np.ndarray((count, _WINDOW), heard.dtype, heard, 0, (HOP * size, size))
        return log_energies(windows, self._bank)

    def _without_mean(self, frames: np.ndarray) -> np.ndarray:
        keep = np.float32(np.exp(-1 / _MEMORY))
        out = np.empty_like(frames)
        mean = self._mean
        for place, frame in enumerate(frames):
            mean = keep * mean + (1 - keep) * frame
            out[place] = (frame - mean) / _SPREAD
        self._mean = mean
        return out


def log_energies(
    windows: Float[np.ndarray, "frames 400"], bank: Float[np.ndarray, "80 257"]
) -> Float[np.ndarray, "frames 80"]:
    """Return the log of the energy in each mel band of windows of 25 ms."""
    spectrum = np.fft.rfft(windows * _hann(), _FFT)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(power @ bank.T + _FLOOR).astype(np.float32)


@cache
def mel_bank(warp: float = 1.0) -> Float[np.ndarray, "80 257"]:
    """Return the triangular mel filters; `warp` scales the voice tract (Jaitly and Hinton 2013)."""
    places = np.linspace(_mel(_LOWEST), _mel(_HIGHEST), MELS + 2)
    edges = _warped(700 * (10 ** (places / 2595) - 1), warp)
    bins = np.arange(_FFT // 2 + 1) * RATE / _FFT
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise = (bins - low) / np.maximum(middle - low, 20)
    fall = (high - bins) / np.maximum(high - middle, 20)
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _warped(hertz: np.ndarray, warp: float) -> np.ndarray:
    """Scale frequencies by `warp` up to a knee, and from there straight to half the rate."""
    knee = 4800 * min(warp, 1)
    top = RATE / 2
    slope = (top - knee) / (top - knee / warp)
    return np.where(hertz <= knee / warp, hertz * warp, top - slope * (top - hertz))


@cache
def _hann() -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)).astype(np.float32)
