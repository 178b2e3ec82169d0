"""All photos show the same fine texture at the same place of the skin.

Shine and shading differ between photos, but slowly over the face; brows, lips, creases, moles and
blotches stay where they are. So the fine part of the brightness (a band-pass, see
`avatar.fit.brightness`) at each surface sample is compared with its mean over the photos that see
it. With one photo there is nothing to compare.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.fit.brightness import Brightness
from avatar.fit.residuals.seen_brightness import seen_brightness
from avatar.fit.solver import Linearised
from avatar.fit.state import EXPRESSION_SIZE, FOCAL_SIZE, POSE_SIZE, HeadState
from avatar.fit.surface_samples import SurfaceSamples


@dataclass(frozen=True, kw_only=True)
class PhotoConsistencyEvidence:
    """The samples, the fine part of each photo's brightness, and which photo sees which sample.

    `deviation` is the standard deviation, in natural logarithms, of what one photo shows about
    the true texture.
    """

    samples: SurfaceSamples
    brightness: tuple[Brightness, ...]
    visible: Bool[Tensor, "photos samples"]
    deviation: float


def photo_consistency(state: HeadState, evidence: PhotoConsistencyEvidence) -> Linearised:
    """Return each photo's difference from the mean over its deviation, where two or more see."""
    shape, own = len(state.identity), POSE_SIZE + FOCAL_SIZE + EXPRESSION_SIZE
    photos, count = evidence.visible.shape
    values: list[Tensor] = []
    jacobian = evidence.samples.mean.new_zeros(photos, count, shape + photos * own)
    columns = [state.identity_columns()]
    for photo in range(photos):
        value, by_identity, by_own = seen_brightness(
            state, photo, evidence.samples, evidence.brightness[photo]
        )
        start = shape + photo * own
        values.append(value)
        jacobian[photo, :, :shape] = by_identity
        jacobian[photo, :, start : start + own] = by_own
        columns.append(state.photo_columns(photo)[:own])
    compared = evidence.visible & (evidence.visible.sum(0) > 1)
    residual = _without_mean(torch.stack(values)[..., None], compared)[..., 0]
    jacobian = _without_mean(jacobian, compared)
    return Linearised(
        residual=residual[compared] / evidence.deviation,
        jacobian=jacobian[compared] / evidence.deviation,
        columns=torch.cat(columns),
    )


def _without_mean(
    values: Float[Tensor, "photos samples columns"], seen: Bool[Tensor, "photos samples"]
) -> Float[Tensor, "photos samples columns"]:
    """Subtract the mean over the photos that see a sample."""
    weight = seen.to(values.dtype)[..., None]
    mean = (values * weight).sum(0) / weight.sum(0).clamp_min(1)
    return values - mean
