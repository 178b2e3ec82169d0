"""How open a person's eyes are at rest and when shut, as the landmark detector sees them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.fit.residuals.apertures import LIDS

_UPPER, _LOWER = [a for a, _ in LIDS], [b for _, b in LIDS]
_EYE = len(LIDS) // 2

_SLIT = 0.18
"""Of an open eye's height: what the detector still sees of a shut one, as long as none was seen."""

_AWAKE = 0.55
"""Ratios below it are blinks, which say nothing of the rest."""

_RESTS, _SLITS = (0.7, 1.25), (0.05, 0.28)
_FEWEST = 10
_SHUT_SHARE = 0.01


@dataclass(frozen=True, kw_only=True)
class LidOpening:
    """Heights of the right and the left eye's opening at rest and shut, as shares of the model's.

    The model's open eye is a guess at this person's, and the detector leaves a slit between lids
    that touch: both are taken out by `stretched`.
    """

    rest: Float[Tensor, "2"]
    shut: Float[Tensor, "2"]

    @staticmethod
    def unknown() -> "LidOpening":
        """Return what is taken for granted before anything was seen."""
        return LidOpening(rest=torch.ones(2), shut=torch.full((2,), _SLIT))

    @staticmethod
    def of(ratios: Float[Tensor, "frames 2"]) -> "LidOpening":
        """Return what many frames show; see `opening_ratios`.

        The rest is the median of open eyes; a slit is known where the eyes were shut for a moment.
        """
        known = LidOpening.unknown()
        rest, shut = known.rest.clone(), known.shut.clone()
        for eye, column in enumerate(ratios.float().unbind(1)):
            awake = column[column > _AWAKE]
            if len(awake) < _FEWEST:
                continue
            rest[eye] = awake.median().clamp(*_RESTS)
            least = column.quantile(_SHUT_SHARE)
            if float(least) < _SLITS[1]:
                shut[eye] = least.clamp_min(_SLITS[0])
        return LidOpening(rest=rest, shut=shut)

    def stretched(
        self, differences: Float[Tensor, "lids 2"], open_eye: Float[Tensor, " lids"]
    ) -> Float[Tensor, "lids 2"]:
        """Return the lids' openings (pixels) with rest as open as the model, and shut as none.

        `open_eye` is how far the model's lids are apart, in pixels; wider eyes keep what they have
        beyond the rest.
        """
        like = differences
        rest = self.rest.to(like).repeat_interleave(_EYE)
        shut = self.shut.to(like).repeat_interleave(_EYE)
        ratio = (differences.norm(dim=1) / open_eye.clamp_min(1e-6)).clamp_min(1e-6)
        inner = ((ratio - shut) / (rest - shut)).clamp_min(0)
        wanted = torch.where(ratio > rest, 1 + ratio - rest, inner)
        return differences * (wanted / ratio)[:, None]


def opening_ratios(
    points: Float[Tensor, "478 2"],
    neutral: Float[Tensor, "points 3"],
    pixels_per_metre: float,
) -> Float[Tensor, "2"]:
    """Return how open the right and the left eye are, as shares of the neutral ones.

    `neutral` are the landmarks of the face without expression, metres.
    """
    seen = (points[_LOWER] - points[_UPPER]).norm(dim=1)
    ratio = seen / open_eyes(neutral, pixels_per_metre)
    return ratio.unflatten(0, (2, _EYE)).mean(1)


def open_eyes(
    neutral: Float[Tensor, "points 3"], pixels_per_metre: float
) -> Float[Tensor, " lids"]:
    """Return how far apart the lids of the face without expression are, in pixels."""
    apart = (neutral[_LOWER] - neutral[_UPPER]).norm(dim=1) * pixels_per_metre
    return apart.clamp_min(1e-6)
