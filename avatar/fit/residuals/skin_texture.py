"""The skin shows the texture that it usually shows, wherever the coefficients put it."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.fit.brightness import Brightness
from avatar.fit.residuals.seen_brightness import seen_brightness
from avatar.fit.solver import Linearised
from avatar.fit.state import FOCAL_SIZE, POSE_SIZE, HeadState
from avatar.fit.surface_samples import SurfaceSamples


@dataclass(frozen=True, kw_only=True)
class TextureEvidence:
    """The fine part of one frame's brightness, and what each sample usually shows of it.

    `template` and its standard `deviation` are natural logarithms; only samples that are `seen`
    count. `coefficients` are the expression's entries that may explain a difference.
    """

    samples: SurfaceSamples
    brightness: Brightness
    template: Float[Tensor, " samples"]
    seen: Bool[Tensor, " samples"]
    deviation: float
    coefficients: Int[Tensor, " coefficients"]


def skin_texture(state: HeadState, photo: int, evidence: TextureEvidence) -> Linearised:
    """Return the difference from the template over its deviation, by pose and coefficients."""
    value, _, by_own = seen_brightness(state, photo, evidence.samples, evidence.brightness)
    own = torch.cat([torch.arange(POSE_SIZE), POSE_SIZE + FOCAL_SIZE + evidence.coefficients])
    seen = evidence.seen
    return Linearised(
        residual=(value - evidence.template)[seen] / evidence.deviation,
        jacobian=by_own[seen][:, own] / evidence.deviation,
        columns=state.photo_columns(photo)[own],
    )
