"""What a mouth must do whatever the averages say: close, touch the teeth, narrow.

Done on the head at hand: how much `mouthClose` shuts its lips at a given jaw is found on its mesh
frame by frame, not taken from a table.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.speech.lip_gauge import LipGauge, Lips
from avatar.speech.visemes import Segment

CLOSURE_LEAD = 0.07
"""Seconds before the sound at which lips meet: on video they do 80 ms before a p, b or m."""

_RAMP = 0.05
_SHORTEST = 0.055
_SHUT = -0.0004
_TOUCH = 0.0002
_SPACED = np.linspace(0, 1, 17, dtype=np.float32)
_ROWS = 200
_NARROW = 0.10

_SIDES = ("Left", "Right")
_JAW, _CLOSE = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]
_OPENERS = [
    ARKIT_INDEX[f"{name}{side}"] for name in ("mouthLowerDown", "mouthUpperUp") for side in _SIDES
] + [ARKIT_INDEX["mouthFunnel"]]
_ROLL, _SHRUG = ARKIT_INDEX["mouthRollLower"], ARKIT_INDEX["mouthShrugLower"]
_RAISE = [ARKIT_INDEX[f"mouthUpperUp{side}"] for side in _SIDES]


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """When a rule holds: seconds before and after the sound's ends; its shortest time."""

    visemes: tuple[str, ...]
    before: float
    after: float


_CLOSED = _Rule(visemes=("closed",), before=CLOSURE_LEAD, after=-0.045)
_TEETH = _Rule(visemes=("teeth_on_lip",), before=0.05, after=-0.04)
_HISS = _Rule(visemes=("hiss", "hush"), before=0.03, after=-0.03)


def occlude(
    weights: Float[Tensor, "frames 52"],
    segments: Sequence[Segment],
    times: Float[np.ndarray, " frames"],
    gauge: LipGauge,
) -> Float[Tensor, "frames 52"]:
    """Return the curves with closed lips for p b m, lip on teeth for f v, a narrow jaw for s sh."""
    occluded = weights.numpy().copy()
    _narrow(occluded, _strengths(segments, times, _HISS))
    _touch_teeth(occluded, _strengths(segments, times, _TEETH), gauge)
    _shut(occluded, _strengths(segments, times, _CLOSED), gauge)
    return torch.from_numpy(occluded)


def _strengths(
    segments: Sequence[Segment], times: Float[np.ndarray, " frames"], rule: _Rule
) -> Float[np.ndarray, " frames"]:
    """Return 0 to 1: a plateau over every sound of the rule, with smooth ramps."""
    strength = np.zeros(len(times), np.float32)
    for segment in segments:
        if segment.viseme not in rule.visemes:
            continue
        start = segment.start - rule.before
        end = max(start + _SHORTEST, segment.end + rule.after)
        first, stop = np.searchsorted(times, (start - _RAMP, end + _RAMP))
        near = times[first:stop]
        rise = (np.minimum(near - start, end - near) / _RAMP + 1).clip(0, 1)
        smooth = rise * rise * (3 - 2 * rise)
        strength[first:stop] = np.maximum(strength[first:stop], smooth)
    return strength


def _narrow(weights: np.ndarray, strength: np.ndarray) -> None:
    jaw = weights[:, _JAW]
    weights[:, _JAW] = np.minimum(jaw, jaw + strength * (_NARROW - jaw))


@dataclass(frozen=True, kw_only=True)
class _Way:
    """Coefficients that change with an amount: by `steady`, and past one half by `late` too."""

    start: Float[np.ndarray, "rows 52"]
    steady: Float[np.ndarray, "rows 52"]
    late: Float[np.ndarray, "rows 52"]

    def at(self, amount: Float[np.ndarray, " rows"]) -> Float[np.ndarray, "rows 52"]:
        """Return the coefficients at one amount in [0, 1] a row."""
        return self.start + amount[:, None] * self.steady + _past_half(amount)[:, None] * self.late

    def heights(
        self, lips: Lips
    ) -> Callable[
        [Float[np.ndarray, "rows amounts"]], Float[np.ndarray, "rows amounts 2 columns points"]
    ]:
        """Return what gives the heights of the lips' vertices at many amounts a row at once.

        Heights are straight in the coefficients, so these need to be looked at three times only.
        """
        parts = lips.heights(self.start), lips.shifts(self.steady), lips.shifts(self.late)
        start, steady, late = (part[:, None] for part in parts)

        def at(amounts: np.ndarray) -> np.ndarray:
            share = amounts[..., None, None, None]
            return start + share * steady + _past_half(share) * late

        return at


def _past_half(amount: np.ndarray) -> np.ndarray:
    return np.maximum(2 * amount - 1, 0)


def _shut(weights: np.ndarray, strength: np.ndarray, gauge: LipGauge) -> None:
    """Close the lips by `strength`: at 1 they meet, below that share of their gap is gone."""
    for rows in _rows(strength):
        some, share = weights[rows], strength[rows]
        steady, late = np.zeros_like(some), np.zeros_like(some)
        steady[:, _OPENERS] = -some[:, _OPENERS]
        most = np.minimum(1.5 * some[:, _JAW] + 0.25, 1)
        steady[:, _CLOSE] = np.maximum(most - some[:, _CLOSE], 0)
        # The last of it by the jaw, for heads whose mouthClose does not reach.
        late[:, _JAW] = -0.6 * some[:, _JAW]
        way = _Way(start=some, steady=steady, late=late)
        now = gauge.gaps_at(gauge.lips.heights(some)).max(-1)
        aim = np.minimum(now, now + share * (_SHUT - now))
        heights = way.heights(gauge.lips)
        amount = _least(lambda a, at=heights: gauge.gaps_at(at(a)).max(-1), aim)
        weights[rows] = way.at(amount)


def _touch_teeth(weights: np.ndarray, strength: np.ndarray, gauge: LipGauge) -> None:
    """Bring the lower lip's edge to the upper incisors by `strength`, and keep the upper lip up."""
    for rows in _rows(strength):
        some, share = weights[rows], strength[rows]
        steady = np.zeros_like(some)
        steady[:, _OPENERS[:2]] = -some[:, _OPENERS[:2]]
        steady[:, _SHRUG] = np.maximum(0.5 - some[:, _SHRUG], 0)
        steady[:, _JAW] = -0.9 * some[:, _JAW]
        way = _Way(start=some, steady=steady, late=np.zeros_like(some))
        now = gauge.below_teeth_at(gauge.lips.heights(some))
        aim = np.minimum(now, now + share * (-_TOUCH - now))
        heights = way.heights(gauge.lips)
        amount = _least(lambda a, at=heights: gauge.below_teeth_at(at(a)), aim)
        touching = way.at(amount)
        touching[:, _ROLL] = np.maximum(touching[:, _ROLL], 0.45 * share)
        touching[:, _RAISE] = np.maximum(touching[:, _RAISE], 0.3 * share[:, None])
        weights[rows] = touching


def _rows(strength: np.ndarray) -> Iterator[np.ndarray]:
    """Give the rows of which something is asked, some at a time to bound memory."""
    asked = np.flatnonzero(strength)
    for start in range(0, len(asked), _ROWS):
        yield asked[start : start + _ROWS]


def _least(
    measure: Callable[[Float[np.ndarray, "rows amounts"]], Float[np.ndarray, "rows amounts"]],
    aim: Float[np.ndarray, " rows"],
) -> Float[np.ndarray, " rows"]:
    """Return for each row the least amount in [0, 1] at which `measure` falls to `aim`, else 1.

    Looked for among evenly spaced amounts, and twice more between the two found.
    """
    low, width = np.zeros(len(aim), np.float32), 1.0
    found = low
    for _ in range(3):
        amounts = low[:, None] + width * _SPACED
        reached = measure(amounts) <= aim[:, None]
        reached[:, -1] = True
        place = reached.argmax(1)
        found = amounts[np.arange(len(aim)), place]
        width /= len(_SPACED) - 1
        low = np.maximum(found - np.float32(width), 0)
    return found
