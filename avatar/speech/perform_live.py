"""A voice to a performance as it is heard, with a delay that is known and does not grow.

The same decoder, co-articulation and closures as offline, over the last half second. A frame is
finished once the network has heard `look_ahead` beyond it, and the mouth may be `LEAD_TIME` ahead
of the sound: play the sound later by `LiveSpeaker.latency`.
"""

import math
from collections import deque
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.speech.coarticulate import LEAD, coarticulate
from avatar.speech.emotions import emotion_layer
from avatar.speech.find_phones import load_network_weights
from avatar.speech.head_motion import JOINTS, joint_rotations
from avatar.speech.idle_face import IdleFace
from avatar.speech.lip_gauge import measure_lips
from avatar.speech.listen import PIECE
from avatar.speech.log_mel import HOP, RATE
from avatar.speech.occlude import occlude
from avatar.speech.openness import heard_at, open_jaw, openness_of_shares
from avatar.speech.options import SpeakOptions
from avatar.speech.styles import STYLES
from avatar.speech.viseme_network import DELAYS, VisemeNetwork
from avatar.speech.visemes import VISEMES, Segment
from avatar.speech.viterbi import FRAMES_A_SECOND, VisemeDecoder, segments_of_path

LEAD_TIME = 0.08
"""Seconds by which lips lead sounds: lips are measured to close so long before a p is heard."""

_MEMORY = 60
_REST = 0.3
"""Seconds in which a mouth comes to rest."""

_SOFTENED = np.array([-0.012, 0.0, 0.012])
_CATCH_UP = 0.75
_FASTEST = 15.0
"""Coefficients a second: a whole change takes 70 ms, as no shape of a mouth lasts less."""

_SILENCE = 1e-3
_USUAL, _SLOWLY = 10 ** (-23 / 20), 0.002
_BROWS = {"browInnerUp": 0.16, "browOuterUpLeft": 0.16, "browOuterUpRight": 0.14}
_NOD = np.radians(1.5)
_ACCENT = 0.06


class LiveSpeaker:
    """Moves one head's face to a voice that is pushed in, piece by piece.

    `look_ahead` is in milliseconds: 0, 40, 80 or 120; the longer, the surer of the sounds.

    Raises:
        OptionError: another look-ahead, or a text, which only offline speech can use.
        ModelError: the head's lips do not move.
    """

    def __init__(
        self, head: Avatar, options: SpeakOptions | None = None, look_ahead: int = 80
    ) -> None:
        self.options = options or SpeakOptions()
        if look_ahead // 10 not in DELAYS or look_ahead % 10:
            known = ", ".join(str(10 * delay) for delay in DELAYS)
            raise OptionError(f"look_ahead: expected one of {known} ms, got {look_ahead}")
        if self.options.text is not None:
            raise OptionError("text: live speech cannot know it before it is said; leave it away")
        self.look_ahead = look_ahead / 1000
        self._gauge = measure_lips(head)
        self._joints = tuple(name for name in JOINTS if name in head.rig.joint_names)
        self._style = STYLES[self.options.style]
        self._network = VisemeNetwork(load_network_weights(), delay=look_ahead // 10)
        self._decoder = VisemeDecoder(memory=_MEMORY)
        self._loudness = _Loudness()
        self._openness: deque[float] = deque(maxlen=_MEMORY)
        self._idle = IdleFace(self.options, self.options.head_motion * self._style.upper_face)
        self._mouth = np.zeros(52, np.float32)
        self._accent = 0.0
        self._rows = 0
        self._frames = 0

    @property
    def latency(self) -> float:
        """Seconds from a sound to the frame that shows it."""
        return self.look_ahead + LEAD_TIME

    def push(self, samples: Float[np.ndarray, " samples"]) -> list[Clip]:
        """Return the frames that these samples (16 kHz, in [-1, 1]) complete, one clip each."""
        if not np.isfinite(samples).all():
            samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
        self._loudness.push(samples)
        for row in self._network.push(samples):
            self._rows += 1
            if self._rows * HOP / RATE > self.look_ahead:
                shares = row if self._loudness.audible(self._known) else _NOBODY
                self._decoder.push(shares)
                self._openness.append(openness_of_shares(shares[None]).item())
        heard = self._rows * HOP / RATE
        due: list[float] = []
        while (self._frames + len(due)) / self.options.fps + self.latency <= heard:
            due.append((self._frames + len(due)) / self.options.fps)
        self._frames += len(due)
        return self._shown(due) if due else []

    def closing(self) -> Iterator[list[Clip]]:
        """Give the frames after the last sound, piece by piece, until the mouth is at rest."""
        for _ in range(int((self.latency + _REST) * RATE / PIECE)):
            yield self.push(np.zeros(PIECE, np.float32))

    @property
    def _known(self) -> float:
        """Up to when the sounds are known, in seconds."""
        return self._rows * HOP / RATE - self.look_ahead

    def _shown(self, times: list[float]) -> list[Clip]:
        segments = self._segments()
        style, options = self._style, self.options
        around = (np.array(times)[:, None] + _SOFTENED).ravel()
        aims = coarticulate(segments, around, style).reshape(len(times), len(_SOFTENED), -1).mean(1)
        loud = np.array([self._loudness.at(time) for time in times])
        openness = heard_at(np.array(times) + LEAD, np.array(self._openness), self._known)
        ahead = np.array([self._loudness.at(time + LEAD) for time in times])
        open_jaw(aims, openness, ahead, style, self._gauge)
        aims *= options.intensity
        weights = emotion_layer(options.emotion, options.emotion_amount, loud)
        turns = np.zeros((len(times), 3))
        most = _FASTEST / options.fps
        for row, time in enumerate(times):
            # What is still being decided must not make the mouth jump.
            self._mouth += (_CATCH_UP * (aims[row] - self._mouth)).clip(-most, most)
            idle, turns[row] = self._idle.at(time)
            weights[row] += self._mouth + idle
            self._accent += _ACCENT * (max(0.0, loud[row]) - self._accent)
            for name, lift in _BROWS.items():
                weights[row, ARKIT_INDEX[name]] += lift * options.brows * self._accent
            turns[row, 0] += _NOD * options.head_motion * self._accent
        shaped = torch.from_numpy(weights.clip(0, 1).astype(np.float32))
        shaped = occlude(shaped, segments, np.array(times), self._gauge).clamp(0, 1)
        return self._clips(times, shaped, turns)

    def _segments(self) -> tuple[Segment, ...]:
        path = self._decoder.path()
        return segments_of_path(path, self._known - len(path) / FRAMES_A_SECOND)

    def _clips(
        self, times: list[float], weights: torch.Tensor, turns: Float[np.ndarray, "frames 3"]
    ) -> list[Clip]:
        moving = bool(self._joints) and self.options.head_motion > 0
        rotations = joint_rotations(turns, self._joints) if moving else None
        return [
            Clip(
                times=torch.tensor([time], dtype=torch.float32),
                weights=weights[row : row + 1],
                joint_names=self._joints if moving else (),
                joint_rotations=None if rotations is None else rotations[row : row + 1],
                name="speech",
            )
            for row, time in enumerate(times)
        ]


class _Loudness:
    """How loud the voice is against its usual, by hundredths of a second; the last second of it."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._levels: deque[float] = deque(maxlen=FRAMES_A_SECOND)
        self._count = 0
        self._calm = 0.0
        self._usual = _USUAL

    def push(self, samples: Float[np.ndarray, " samples"]) -> None:
        held = np.concatenate([self._rest, samples.astype(np.float32)])
        whole = len(held) // HOP * HOP
        self._rest = held[whole:]
        for level in np.sqrt((held[:whole].reshape(-1, HOP) ** 2).mean(1)).tolist():
            self._calm += 0.25 * (level - self._calm)
            self._levels.append(self._calm)
            self._count += 1
            if level > 0.2 * self._usual:
                self._usual += _SLOWLY * (level - self._usual)
            elif level > _SILENCE:
                # A faint microphone: come down to it, more slowly.
                self._usual += 0.2 * _SLOWLY * (level - self._usual)

    def audible(self, time: float) -> bool:
        """Tell whether there was more than the faintest sound."""
        return self._level(time) > _SILENCE

    def at(self, time: float) -> float:
        """Return 0 at the usual level, about 1 in the loudest words, -1.5 in silence."""
        ratio = max(self._level(time), 1e-6) / max(self._usual, _SILENCE)
        return min(max(20 * math.log10(ratio) / 8, -1.5), 1.5)

    def _level(self, time: float) -> float:
        if not self._levels:
            return 0.0
        place = int(time * FRAMES_A_SECOND) - (self._count - len(self._levels))
        return self._levels[min(max(place, 0), len(self._levels) - 1)]


_NOBODY = np.eye(len(VISEMES), dtype=np.float32)[0]
