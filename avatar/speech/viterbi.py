"""The likeliest course of visemes, given what the network thinks of every frame."""

import itertools
from collections import deque
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from avatar.speech.visemes import VISEMES, Segment, frames_of

FRAMES_A_SECOND = 100

_FLOOR = 1e-3
_CHANGE = 2.5
"""What a change of viseme costs, in nats: sounds last longer than a frame.

Raises the F1 of closed lips on eight clips from .39 (best of each frame) to .51.
"""


_ITSELF = np.arange(len(VISEMES))


def decode_visemes(
    probabilities: Float[np.ndarray, "frames 14"], change: float = _CHANGE
) -> tuple[Segment, ...]:
    """Return the likeliest segments of any sequence of visemes."""
    decoder = VisemeDecoder(change)
    for row in probabilities:
        decoder.push(row)
    return segments_of_path(decoder.path())


class VisemeDecoder:
    """Finds the likeliest course of visemes up to now; remembers the last `memory` frames of it."""

    def __init__(self, change: float = _CHANGE, memory: int | None = None) -> None:
        self._change = change
        self._total = np.zeros(len(VISEMES))
        self._came_from: deque[list[int]] = deque(maxlen=memory)

    def push(self, probabilities: Float[np.ndarray, "14"]) -> None:
        """Take in the next frame."""
        total = self._total
        best = int(total.argmax())
        jump = total[best] - self._change
        stay = total >= jump
        self._came_from.append(np.where(stay, _ITSELF, best).tolist())
        total = np.where(stay, total, jump) + np.log(probabilities + _FLOOR)
        # Only differences count; without this, streams of hours would lose precision.
        self._total = total - total.max()

    def path(self) -> Int[np.ndarray, " frames"]:
        """Return the viseme of each frame remembered, as all frames so far make it likely."""
        state = int(self._total.argmax())
        path: list[int] = []
        for came_from in reversed(self._came_from):
            path.append(state)
            state = came_from[state]
        return np.array(path[::-1], np.int64)


def align_visemes(
    probabilities: Float[np.ndarray, "frames 14"], words: tuple[tuple[int, ...], ...]
) -> tuple[Segment, ...]:
    """Return the segments of words, given as indices of visemes, with pauses where they are heard.

    Every viseme takes at least a frame; silence may stand before, between and after words.
    """
    sequence, optional = _with_pauses(words)
    if len(sequence) > len(probabilities):
        return decode_visemes(probabilities)
    scores = np.log(probabilities + _FLOOR)[:, sequence]
    skips = np.zeros(len(sequence), bool)
    skips[2:] = optional[1:-1]
    total = np.full(len(sequence), -np.inf)
    total[:2] = scores[0, :2]
    steps = np.zeros(scores.shape, np.int8)
    for frame in range(1, len(scores)):
        one = np.concatenate([[-np.inf], total[:-1]])
        two = np.where(skips, np.concatenate([[-np.inf, -np.inf], total[:-2]]), -np.inf)
        ways = np.stack([total, one, two])
        steps[frame] = ways.argmax(0)
        total = ways.max(0) + scores[frame]
    state = len(sequence) - 1 - int(total[-2] > total[-1])
    path = np.zeros(len(scores), np.int64)
    for frame in range(len(scores) - 1, -1, -1):
        path[frame] = sequence[state]
        state -= int(steps[frame, state])
    return segments_of_path(path)


def fit_of_visemes(
    probabilities: Float[np.ndarray, "frames 14"], segments: Sequence[Segment]
) -> float:
    """Return how well segments go with the sound: 0 at best, in nats a spoken frame below it.

    Compared with the likeliest course of all, where either has sound.
    """
    scores = np.log(probabilities + _FLOOR)
    given = frames_of(segments, len(scores))
    best = frames_of(decode_visemes(probabilities), len(scores))
    spoken = (given > 0) | (best > 0)
    rows = np.arange(len(scores))
    short = scores[rows, given] - scores[rows, best]
    return float(short[spoken].mean()) if spoken.any() else 0.0


def segments_of_path(path: Int[np.ndarray, " frames"], begin: float = 0.0) -> tuple[Segment, ...]:
    """Return the runs of equal visemes as segments in seconds; the path begins at `begin`."""
    if not len(path):
        return ()
    edges = [0, *(np.flatnonzero(path[1:] != path[:-1]) + 1).tolist(), len(path)]
    return tuple(
        Segment(
            viseme=VISEMES[path[a]],
            start=begin + a / FRAMES_A_SECOND,
            end=begin + b / FRAMES_A_SECOND,
        )
        for a, b in itertools.pairwise(edges)
    )


def _with_pauses(words: tuple[tuple[int, ...], ...]) -> tuple[list[int], np.ndarray]:
    sequence, optional = [0], [True]
    for word in words:
        for viseme in word:
            if sequence[-1] != viseme:
                sequence.append(viseme)
                optional.append(False)
        sequence.append(0)
        optional.append(True)
    return sequence, np.array(optional)
