"""Points on the outline of the posed head lie on the edge of what the matte says is the person."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.fit.brightness import Brightness
from avatar.fit.residuals.seen_brightness import seen_brightness
from avatar.fit.solver import Linearised
from avatar.fit.state import EXPRESSION_SIZE, FOCAL_SIZE, POSE_SIZE, HeadState
from avatar.fit.surface_samples import SurfaceSamples


@dataclass(frozen=True, kw_only=True)
class SilhouetteEvidence:
    """Points near the outline and the field of distances to the matte's edge, in pixels.

    `inset` is how far inside the head's own outline the points lie, `deviation` that of the edge.
    """

    samples: SurfaceSamples
    distances: Brightness
    inset: Float[Tensor, " samples"]
    deviation: float


def silhouette(state: HeadState, photo: int, evidence: SilhouetteEvidence) -> Linearised:
    """Return how much further inside the edge than the outline points lie, over its deviation.

    A point that slides along the surface when the outline moves does so along the line of sight,
    so taking the same points for the outline is right to first order.
    """
    value, by_identity, by_own = seen_brightness(state, photo, evidence.samples, evidence.distances)
    own: Float[Tensor, " columns"] = state.photo_columns(photo)[
        : POSE_SIZE + FOCAL_SIZE + EXPRESSION_SIZE
    ]
    return Linearised(
        residual=(value - evidence.inset) / evidence.deviation,
        jacobian=torch.cat([by_identity, by_own], 1) / evidence.deviation,
        columns=torch.cat([state.identity_columns(), own]),
    )
