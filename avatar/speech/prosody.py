"""The melody of speech: loudness, voicing and pitch, a hundred times a second."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d, median_filter

from avatar.speech.log_mel import HOP, RATE

_WINDOW = 640
_LOWEST, _HIGHEST = 65.0, 420.0
_VOICED = 0.45
_AUDIBLE = -50.0
_BLOCK = 3000


@dataclass(frozen=True, kw_only=True)
class Prosody:
    """Per hundredth of a second: loudness (dB below full scale), pitch (Hz, 0 where unvoiced).

    `voicing` in [0, 1] says how periodic the sound is.
    """

    loudness: Float[np.ndarray, " frames"]
    pitch: Float[np.ndarray, " frames"]
    voicing: Float[np.ndarray, " frames"]

    @property
    def active(self) -> np.ndarray:
        """Where there is sound loud enough to be speech, given sound brought to its level."""
        return self.loudness > _AUDIBLE


def measure_prosody(blocks: Iterable[Float[np.ndarray, " samples"]]) -> Prosody:
    """Return the prosody of sound at 16 kHz, block after block.

    Pitch is the highest peak of the normalised autocorrelation (Boersma 1993) of 40 ms.
    """
    loudness: list[np.ndarray] = []
    pitch: list[np.ndarray] = []
    voicing: list[np.ndarray] = []
    held = np.zeros((_WINDOW - HOP) // 2, np.float32)

    def take(samples: np.ndarray) -> None:
        windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::HOP]
        for start in range(0, len(windows), _BLOCK):
            part = windows[start : start + _BLOCK]
            centre = part[:, (_WINDOW - HOP) // 2 : (_WINDOW + HOP) // 2]
            power = (centre.astype(np.float64) ** 2).mean(1)
            loudness.append((10 * np.log10(power + 1e-10)).astype(np.float32))
            hertz, strength = _pitch(part)
            pitch.append(hertz)
            voicing.append(strength)

    for block in blocks:
        held = np.concatenate([held, block])
        count = (len(held) - _WINDOW) // HOP + 1
        if count > 0:
            take(held[: (count - 1) * HOP + _WINDOW])
            held = held[count * HOP :]
    left = (len(held) - (_WINDOW - HOP) // 2) // HOP
    if left > 0:
        take(np.concatenate([held, np.zeros(_WINDOW, np.float32)])[: (left - 1) * HOP + _WINDOW])
    empty = np.zeros(0, np.float32)
    level = np.concatenate([empty, *loudness])
    strength = np.concatenate([empty, *voicing])
    hertz = np.where((strength > _VOICED) & (level > _AUDIBLE), np.concatenate([empty, *pitch]), 0)
    hertz = median_filter(hertz, 5) if len(hertz) else hertz
    return Prosody(loudness=level, pitch=hertz.astype(np.float32), voicing=strength)


def smooth_pitch(prosody: Prosody) -> Float[np.ndarray, " frames"]:
    """Return the pitch in semitones from its median, carried over unvoiced stretches."""
    voiced = prosody.pitch > 0
    if voiced.sum() < 10:
        return np.zeros(len(prosody.pitch), np.float32)
    frames = np.arange(len(voiced))
    tones = 12 * np.log2(prosody.pitch[voiced] / np.median(prosody.pitch[voiced]))
    whole = np.interp(frames, frames[voiced], tones.clip(-12, 12))
    return gaussian_filter1d(whole, 6).astype(np.float32)


def _pitch(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shaped = (windows - windows.mean(1, keepdims=True)) * np.hanning(_WINDOW)
    spectrum = np.fft.rfft(shaped, 2048)
    likeness = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:, :_WINDOW]
    likeness = likeness / np.maximum(likeness[:, :1], 1e-9) / _own_likeness()
    first, last = int(RATE / _HIGHEST), int(RATE / _LOWEST)
    # Of nearly equal peaks the shortest period is the true one.
    range_ = likeness[:, first:last] - 0.02 * np.arange(last - first) / (last - first)
    best = range_.argmax(1)
    strength = range_[np.arange(len(best)), best].clip(0, 1)
    return (RATE / (best + first)).astype(np.float32), strength.astype(np.float32)


def _own_likeness() -> np.ndarray:
    """Return the window's own autocorrelation, which is divided out."""
    spectrum = np.fft.rfft(np.hanning(_WINDOW), 2048)
    own = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:_WINDOW]
    return np.maximum(own / own[0], 0.05)
