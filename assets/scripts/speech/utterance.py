"""One synthesised utterance with the viseme of every hundredth of a second."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import resample_poly

from avatar.speech.log_mel import HOP, RATE
from avatar.speech.visemes import Phone, frames_of, segments_of


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """Samples (int16, 16 kHz), one label a hop, and the text where it is English."""

    samples: np.ndarray
    labels: np.ndarray
    voice: str
    text: str | None


def utterance(
    samples: np.ndarray, rate: int, labels: np.ndarray, voice: str, text: str | None = None
) -> Utterance | None:
    """Return samples of any rate and level as an utterance; None if there is nothing to hear."""
    wave = samples.astype(np.float32)
    if rate != RATE:
        shared = int(np.gcd(RATE, rate))
        wave = resample_poly(wave, RATE // shared, rate // shared)
    count = min(len(wave) // HOP, len(labels))
    wave = wave[: count * HOP]
    if count < 50 or np.abs(wave).max() < 50:
        return None
    scaled = wave / np.abs(wave).max() * 20000
    return Utterance(samples=scaled.astype(np.int16), labels=labels[:count], voice=voice, text=text)


def labels_of(phones: list[Phone], seconds: float, late: float = 0.0) -> np.ndarray:
    """Return one viseme a hundredth of a second.

    `late` is by how many seconds a synthesiser's times come after those that pocketsphinx finds in
    its sound (measured on 40 utterances each): all ways to phones should move the lips alike.
    """
    earlier = [Phone(name=p.name, start=p.start - late, end=p.end - late) for p in phones]
    return frames_of(segments_of(earlier), int(seconds * 100))
