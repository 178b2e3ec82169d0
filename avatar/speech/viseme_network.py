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

_PART = 500
"""Frames at a time: what they need stays in the processor's cache."""


class VisemeNetwork:
    """Runs the network over a stream; keeps what it must remember between calls.

    `push` gives the probabilities of the sounds `delay` frames before the newest one, one row a
    frame: the first rows of a stream belong to times before its start (`delay` of them).
    """

    def __init__(self, weights: Mapping[str, Float[np.ndarray, "..."]], delay: int = 8) -> None:
        self.delay = delay
        self._mels = LogMel()
        self._before = np.zeros((DELTA, MELS), np.float32)
        first = DELAYS.index(delay) * len(VISEMES)
        head = slice(first, first + len(VISEMES))
        given = {name: value.astype(np.float32) for name, value in weights.items()}
        self._enter = _Linear(given["input.weight"], given["input.bias"])
        self._blocks = [
            _Block({name: given[f"blocks.{place}.{name}"] for name in _BLOCK_WEIGHTS}, dilation)
            for place, dilation in enumerate(DILATIONS)
        ]
        self._leave = _normalised(
            given["norm.weight"],
            given["norm.bias"],
            _Linear(given["output.weight"][head], given["output.bias"][head]),
        )

    def push(self, samples: Float[np.ndarray, " samples"]) -> Float[np.ndarray, "frames 14"]:
        """Return one row of probabilities for each frame these samples (16 kHz) complete."""
        mels = self._mels.push(samples)
        rows = [
            self._probabilities(mels[start : start + _PART]) for start in range(0, len(mels), _PART)
        ]
        return np.concatenate(rows) if rows else np.zeros((0, len(VISEMES)), np.float32)

    def _probabilities(self, mels: np.ndarray) -> np.ndarray:
        heard = np.concatenate([self._before, mels])
        self._before = heard[-DELTA:]
        x = self._enter(np.concatenate([mels, mels - heard[:-DELTA]], 1))
        for block in self._blocks:
            x += block(x)
        _normalise(x)
        logits = self._leave(x)
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return odds / odds.sum(1, keepdims=True)


class _Linear:
    """A matrix and what is added, laid out for rows that are multiplied from the left."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.matrix, self.bias = np.ascontiguousarray(weight.T), bias

    def __call__(self, x: np.ndarray) -> np.ndarray:
        y = x @ self.matrix
        y += self.bias
        return y


def _normalised(scale: np.ndarray, shift: np.ndarray, after: _Linear) -> _Linear:
    """Return the layer with the norm's scale and shift before it multiplied in."""
    weight = after.matrix.T * scale
    return _Linear(weight, after.bias + shift @ after.matrix)


class _Block:
    """A dilated causal depthwise convolution and a small perceptron, with its memory.

    A push has few frames, so what counts is the number of numpy's calls, not of operations.
    """

    def __init__(self, given: Mapping[str, np.ndarray], dilation: int) -> None:
        taps = given["taps"]
        self._taps, self._dilation = taps[:, None], dilation
        self._memory = np.zeros(((KERNEL - 1) * dilation, taps.shape[1]), np.float32)
        widen = _Linear(given["widen.weight"], given["widen.bias"])
        self._widen = _normalised(given["norm.weight"], given["norm.bias"], widen)
        # The half is that of GELU.
        self._narrow = _Linear(0.5 * given["narrow.weight"], given["narrow.bias"])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        heard = np.concatenate([self._memory, x])
        self._memory = heard[len(x) :]
        row, column = heard.strides
        windows = np.ndarray(
            (KERNEL, *x.shape), np.float32, heard, 0, (self._dilation * row, row, column)
        )
        mixed = np.add.reduce(windows * self._taps, 0)
        _normalise(mixed)
        return self._narrow(_twice_gelu(self._widen(mixed)))


_BLOCK_WEIGHTS = (
    "taps",
    "norm.weight",
    "norm.bias",
    "widen.weight",
    "widen.bias",
    "narrow.weight",
    "narrow.bias",
)


def _normalise(x: np.ndarray) -> None:
    """Give every row mean 0 and deviation 1, in place."""
    size = x.shape[1]
    x -= np.add.reduce(x, 1, keepdims=True) / size
    spread = np.einsum("ij,ij->i", x, x) / size + 1e-5
    x /= np.sqrt(spread)[:, None]


def _twice_gelu(x: np.ndarray) -> np.ndarray:
    """Return the tanh form of GELU (Hendrycks and Gimpel 2016), times two."""
    inner = x * x
    inner *= 0.7978845608 * 0.044715
    inner += 0.7978845608
    inner *= x
    np.tanh(inner, inner)
    inner += 1
    inner *= x
    return inner
