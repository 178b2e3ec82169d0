"""What a mouth must do whatever the averages say: close, touch the teeth, narrow.

Done on the head at hand: how much `mouthClose` shuts its lips at a given jaw is found on its mesh
frame by frame, not taken from a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.speech.lip_gauge import LipGauge
from avatar.speech.visemes import Segment

CLOSURE_LEAD = 0.07
"""Seconds before the sound at which lips meet: on video they do 80 ms before a p, b or m."""

_RAMP = 0.05
_SHORTEST = 0.055
_SHUT = -0.0004
_TOUCH = 0.0002
_STEPS = 12
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
    weights = _narrowed(weights, _strengths(segments, times, _HISS))
    weights = _on_teeth(weights, _strengths(segments, times, _TEETH), gauge)
    return _shut(weights, _strengths(segments, times, _CLOSED), gauge)


def _strengths(
    segments: Sequence[Segment], times: Float[np.ndarray, " frames"], rule: _Rule
) -> Float[Tensor, " frames"]:
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
    return torch.from_numpy(strength)


def _narrowed(weights: Tensor, strength: Float[Tensor, " frames"]) -> Tensor:
    jaw = weights[:, _JAW]
    limit = jaw + strength * (_NARROW - jaw)
    narrowed = weights.clone()
    narrowed[:, _JAW] = torch.minimum(jaw, limit)
    return narrowed


def _shut(weights: Tensor, strength: Float[Tensor, " frames"], gauge: LipGauge) -> Tensor:
    """Close the lips by `strength`: at 1 they meet, below that share of their gap is gone."""
    rows = (strength > 0).nonzero()[:, 0]
    if not len(rows):
        return weights
    some, share = weights[rows], strength[rows]
    now = gauge.opening(some)
    aim = torch.minimum(now, now + share * (_SHUT - now))
    most = (1.5 * some[:, _JAW] + 0.25).clamp(max=1)

    def closed(amount: Tensor) -> Tensor:
        moved = some.clone()
        moved[:, _OPENERS] *= (1 - amount)[:, None]
        moved[:, _CLOSE] += amount * (most - some[:, _CLOSE]).clamp_min(0)
        # The last of it by the jaw, for heads whose mouthClose does not reach.
        moved[:, _JAW] *= 1 - 0.6 * (2 * amount - 1).clamp_min(0)
        return moved

    shut = closed(_least(lambda amount: gauge.opening(closed(amount)) - aim, len(rows)))
    result = weights.clone()
    result[rows] = shut
    return result


def _on_teeth(weights: Tensor, strength: Float[Tensor, " frames"], gauge: LipGauge) -> Tensor:
    """Bring the lower lip's edge to the upper incisors by `strength`, and keep the upper lip up."""
    rows = (strength > 0).nonzero()[:, 0]
    if not len(rows):
        return weights
    some, share = weights[rows], strength[rows]
    now = gauge.below_teeth(some)
    aim = torch.minimum(now, now + share * (-_TOUCH - now))

    def raised(amount: Tensor) -> Tensor:
        moved = some.clone()
        moved[:, _OPENERS[:2]] *= (1 - amount)[:, None]
        moved[:, _SHRUG] += amount * (0.5 - some[:, _SHRUG]).clamp_min(0)
        moved[:, _JAW] *= 1 - 0.9 * amount
        return moved

    touching = raised(_least(lambda amount: gauge.below_teeth(raised(amount)) - aim, len(rows)))
    touching[:, _ROLL] = torch.maximum(touching[:, _ROLL], 0.45 * share)
    for name in _RAISE:
        touching[:, name] = torch.maximum(touching[:, name], 0.3 * share)
    result = weights.clone()
    result[rows] = touching
    return result


def _least(excess: Callable[[Tensor], Tensor], count: int) -> Float[Tensor, " rows"]:
    """Return for each row the least amount in [0, 1] that brings `excess` to 0, else 1."""
    low, high = torch.zeros(count), torch.ones(count)
    enough = excess(low) <= 0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        reached = excess(middle) <= 0
        high = torch.where(reached, middle, high)
        low = torch.where(reached, low, middle)
    return torch.where(enough, torch.zeros(count), high)
