"""Windows of synthetic speech made to sound like recordings of anybody, anywhere."""

import math
from functools import cache

import numpy as np
import torch
from scipy.signal import lfilter
from torch import Tensor
from torch.nn import functional

from avatar.speech.log_mel import HOP, MELS, RATE, LogMel, mel_bank

SECONDS = 4.0
WARPS = tuple(np.linspace(0.82, 1.2, 13).tolist())


class Windows:
    """Draws batches of augmented windows from corpora, each with its share."""

    def __init__(
        self, corpora: list[tuple[np.ndarray, np.ndarray]], shares: list[float], seed: int
    ) -> None:
        self.corpora = corpora
        self.shares = np.array(shares) / sum(shares)
        self.draw = np.random.default_rng(seed)
        self.torch = torch.Generator().manual_seed(seed)

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Return log-mels (size, frames, mels) and labels (size, frames)."""
        frames = int(SECONDS * 100)
        waves, labels = [], []
        for _ in range(size):
            samples, classes = self.corpora[self.draw.choice(len(self.corpora), p=self.shares)]
            places = self._pace(frames)
            taken = int(places[-1]) // HOP + 2
            start = int(self.draw.integers(0, len(classes) - taken))
            heard = samples[start * HOP : (start + taken) * HOP].astype(np.float32) / 32768
            waves.append(np.interp(places, np.arange(len(heard)), heard).astype(np.float32))
            middles = places[HOP // 2 :: HOP] / HOP
            labels.append(classes[start + middles.astype(int)].astype(np.int64))
        wave = torch.from_numpy(np.stack(waves)) * self._swell(size, frames)
        wave = self._noisy(self._in_a_room(wave * self._decibels(size, -25, 5)))
        return self._mels(wave), torch.from_numpy(np.stack(labels))

    def _pace(self, frames: int) -> np.ndarray:
        """Return where each sample is taken from: a tempo of its own, and unsteady."""
        speed = self.draw.uniform(0.82, 1.22) if self.draw.random() < 0.7 else 1.0
        unsteady = self.draw.uniform(0, 0.12)
        knots = 1 + unsteady * self.draw.uniform(-1, 1, int(SECONDS / 0.3) + 2)
        places = np.arange(frames * HOP)
        pace = np.interp(places, np.linspace(0, len(places), len(knots)), speed * knots)
        return np.cumsum(pace) - pace[0]

    def _swell(self, size: int, frames: int) -> Tensor:
        """Return a factor that makes syllables louder and fainter, as people do."""
        strength = self.draw.uniform(0, 4, (size, 1))
        knots = strength * self.draw.standard_normal((size, int(SECONDS / 0.25) + 1))
        decibels = torch.from_numpy(knots.astype(np.float32))
        decibels = functional.interpolate(decibels[:, None], size=frames * HOP, mode="linear")
        return 10 ** (decibels[:, 0] / 20)

    def _decibels(self, size: int, low: float, high: float) -> Tensor:
        level = torch.from_numpy(self.draw.uniform(low, high, (size, 1)).astype(np.float32))
        return 10 ** (level / 20)

    def _in_a_room(self, wave: Tensor) -> Tensor:
        """Add decaying noise as echo to half of the batches."""
        if self.draw.random() < 0.5:
            return wave
        decay = self.draw.uniform(0.08, 0.6)
        length = int(RATE * min(decay, 0.5))
        time = torch.arange(length) / RATE
        echo = torch.randn(len(wave), length, generator=self.torch)
        echo = echo * torch.exp(-6.9 * time / decay)
        echo = echo / echo.norm(dim=1, keepdim=True) * self.draw.uniform(0.1, 0.7)
        echo[:, :8] = 0
        echo[:, 0] = 1
        total = wave.shape[1] + length
        both = torch.fft.rfft(wave, total) * torch.fft.rfft(echo, total)
        return torch.fft.irfft(both, total)[:, : wave.shape[1]]

    def _noisy(self, wave: Tensor) -> Tensor:
        """Add another voice to a quarter of the batches and coloured noise to all.

        Two windows of five are so noisy (3 to 18 dB) that lips must go by what is left.
        """
        power = wave.pow(2).mean(1, keepdim=True)
        if self.draw.random() < 0.25:
            other = wave.roll(1, 0)
            strength = (power / (other.pow(2).mean(1, keepdim=True) + 1e-12)).sqrt()
            wave = wave + other * strength / self._decibels(len(wave), 8, 25)
        noise = torch.fft.rfft(torch.randn(wave.shape, generator=self.torch))
        frequency = torch.linspace(0, 1, noise.shape[1])
        slope = torch.from_numpy(self.draw.uniform(0, 1.2, (len(wave), 1)).astype(np.float32))
        noise = torch.fft.irfft(noise / (frequency + 0.01) ** slope, wave.shape[1])
        noise = noise / noise.pow(2).mean(1, keepdim=True).sqrt()
        loud, faint = self._decibels(len(wave), 3, 18), self._decibels(len(wave), 15, 48)
        noisy = torch.from_numpy(self.draw.random((len(wave), 1)) < 0.4)
        return wave + noise * power.sqrt() / torch.where(noisy, loud, faint)

    def _mels(self, wave: Tensor) -> Tensor:
        banks = [_bank(WARPS[k]) for k in self.draw.integers(len(WARPS), size=len(wave))]
        mels = self._voiced(log_mels(wave, torch.stack(banks)))
        size, place = len(mels), torch.arange(MELS) / MELS
        tilt = torch.from_numpy(self.draw.uniform(-2, 2, (size, 1, 1)).astype(np.float32))
        mels = mels + tilt * (place - 0.5)
        for _ in range(2):
            height = torch.randn(size, 1, 1, generator=self.torch)
            middle = torch.rand(size, 1, 1, generator=self.torch)
            mels = mels + height * torch.exp(-(((place - middle) / 0.12) ** 2))
        if self.draw.random() < 0.2:  # a telephone, or a codec that cuts the treble
            top = int(self.draw.integers(52, 67))
            mels[:, :, top:] = mels[:, :, top:].clamp(max=-9) - 1
        mels = without_mean(mels)
        if self.draw.random() < 0.4:
            low = int(self.draw.integers(0, 70))
            mels[:, :, low : low + int(self.draw.integers(2, 13))] = 0
        return mels

    def _voiced(self, mels: Tensor) -> Tensor:
        """Blur or sharpen the formants of half of the batches: other voices, other vocoders."""
        if self.draw.random() < 0.5:
            return mels
        share = self.draw.uniform(-0.12, 0.25)
        padded = functional.pad(mels, (1, 1), mode="replicate")
        return mels + share * (padded[..., :-2] - 2 * mels + padded[..., 2:])


def log_mels(wave: Tensor, banks: Tensor | None = None) -> Tensor:
    """Return what `LogMel` computes before it takes off the mean, for a batch.

    `banks` (batch, mels, bins) are warped filters, one set a voice.
    """
    banks = _bank(1.0) if banks is None else banks
    padded = functional.pad(wave, (400 - HOP, 0))
    windows = padded.unfold(1, 400, HOP) * torch.hann_window(400)
    power = torch.fft.rfft(windows, 512).abs() ** 2
    return torch.log(power @ banks.mT + 1e-6)


@cache
def _bank(warp: float) -> Tensor:
    return torch.from_numpy(mel_bank(warp))


def without_mean(mels: Tensor) -> Tensor:
    """Take off the running mean, as `LogMel` does."""
    keep = math.exp(-1 / 200)
    frames = mels.numpy()
    before = np.full((len(frames), 1, MELS), keep * -5.0, np.float32)
    mean, _ = lfilter([1 - keep], [1, -keep], frames, axis=1, zi=before)
    return torch.from_numpy(((frames - mean) / 3.0).astype(np.float32))


def mels_of(samples: np.ndarray) -> Tensor:
    """Return the log-mels of int16 samples just as inference computes them."""
    return torch.from_numpy(LogMel().push(samples.astype(np.float32) / 32768))
