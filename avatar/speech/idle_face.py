"""What a face does by itself while nothing of it is known: blinks, glances, a head that drifts."""

import numpy as np
from jaxtyping import Float

from avatar.speech.head_motion import head_turns
from avatar.speech.options import SpeakOptions
from avatar.speech.upper_face import Speech, add_blinks, add_glances

_PART = 30.0
"""Seconds that are made at once; between two of them the face is at rest for a moment."""

_FADE = 0.8


class IdleFace:
    """Gives the idle face's coefficients and head turns at rising times, without an end."""

    def __init__(self, options: SpeakOptions, amount: float) -> None:
        self._options, self._amount = options, amount
        self._draw = np.random.default_rng(options.seed)
        self._start = -np.inf
        self._weights = np.zeros((0, 52), np.float32)
        self._turns = np.zeros((0, 3))

    def at(self, time: float) -> tuple[Float[np.ndarray, "52"], Float[np.ndarray, "3"]]:
        """Return the coefficients, and pitch, yaw and roll, nearest to a time in seconds."""
        if time >= self._start + _PART:
            self._start = time
            self._make()
        row = min(int((time - self._start) * self._options.fps), len(self._turns) - 1)
        return self._weights[row], self._turns[row]

    def _make(self) -> None:
        options = self._options
        frames = int(_PART * options.fps)
        times = np.arange(frames) / options.fps
        calm = np.zeros(frames)
        speech = Speech(
            times=times, loudness=calm, pitch=calm, speaking=np.full(frames, 0.5), pauses=()
        )
        weights = np.zeros((frames, 52), np.float32)
        if options.gaze:
            add_glances(weights, speech, self._draw)
        if options.blinks:
            add_blinks(weights, speech, self._draw)
        end = np.clip((times[-1] - times) / _FADE, 0, 1)
        end = (end * end * (3 - 2 * end))[:, None]
        self._weights = (weights * end).astype(np.float32)
        self._turns = head_turns(speech, (), self._amount, self._draw) * end
