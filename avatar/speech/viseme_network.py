"""The project's own network: visemes from sound as it arrives, in numpy.

A causal dilated temporal convolution (Bai et al. 2018) over log-mels. Its heads answer for the
sound 0, 40, 80 and 120 ms ago: the longer it may wait, the surer it is. Trained on synthetic
speech by `assets/scripts/speech/train.py`; `assets/speech_visemes.md` says how well it does.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from avatar.speech.log_mel import MELS, LogMel
from avatar.speech.visemes import VISEMES

DELAYS: tuple[int, ...] = (0, 4, 8, 12)
"""Look-ahead of each head, in frames of 10 ms."""

KERNEL = 5
DILATIONS: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 8)
DELTA = 3
"""The network also hears by how much each band rose within so many frames."""

WEIGHTS = "speech_visemes.safetensors"

_BLOCK = 2000


class VisemeNetwork:
    """Runs the network over a stream; keeps what it must remember between calls.

    `push` gives the probabilities of the sounds `delay` frames before the newest one, one row a
    frame: the first rows of a stream belong to times before its start (`delay` of them).
    """

    def __init__(self, weights: Mapping[str, Float[np.ndarray, "..."]], delay: int = 8) -> None:
        self.delay = delay
        self._head = DELAYS.index(delay)
        self._weights = {name: value.astype(np.float32) for name, value in weights.items()}
        self._mels = LogMel()
        channels = len(self._weights["input.bias"])
        self._before = np.zeros((DELTA, MELS), np.float32)
        self._memories = [
            np.zeros(((KERNEL - 1) * dilation, channels), np.float32) for dilation in DILATIONS
        ]

    def push(self, samples: Float[np.ndarray, " samples"]) -> Float[np.ndarray, "frames 14"]:
        """Return one row of probabilities for each frame these samples (16 kHz) complete."""
        mels = self._mels.push(samples)
        rows = [
            self._probabilities(mels[start : start + _BLOCK])
            for start in range(0, len(mels), _BLOCK)
        ]
        return np.concatenate(rows) if rows else np.zeros((0, len(VISEMES)), np.float32)

    def _probabilities(self, mels: np.ndarray) -> np.ndarray:
        weights = self._weights
        heard = np.concatenate([self._before, mels])
        self._before = heard[-DELTA:]
        x = np.concatenate([mels, mels - heard[:-DELTA]], 1)
        x = x @ weights["input.weight"].T + weights["input.bias"]
        for place, dilation in enumerate(DILATIONS):
            x = self._block(x, place, dilation)
        first = self._head * len(VISEMES)
        rows = slice(first, first + len(VISEMES))
        normal = _layer_norm(x, weights["norm.weight"], weights["norm.bias"])
        logits = normal @ weights["output.weight"][rows].T + weights["output.bias"][rows]
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return odds / odds.sum(1, keepdims=True)

    def _block(self, x: np.ndarray, place: int, dilation: int) -> np.ndarray:
        weights, name = self._weights, f"blocks.{place}"
        heard = np.concatenate([self._memories[place], x])
        self._memories[place] = heard[len(heard) - (KERNEL - 1) * dilation :]
        taps = weights[f"{name}.taps"]
        mixed = heard[: len(x)] * taps[0]
        for tap in range(1, KERNEL):
            mixed += heard[tap * dilation : tap * dilation + len(x)] * taps[tap]
        normal = _layer_norm(mixed, weights[f"{name}.norm.weight"], weights[f"{name}.norm.bias"])
        wide = normal @ weights[f"{name}.widen.weight"].T + weights[f"{name}.widen.bias"]
        narrow = _gelu(wide) @ weights[f"{name}.narrow.weight"].T
        return x + narrow + weights[f"{name}.narrow.bias"]


def _layer_norm(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-5)
    return centred / spread * scale + shift


def _gelu(x: np.ndarray) -> np.ndarray:
    """Return the tanh form of GELU (Hendrycks and Gimpel 2016)."""
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))
