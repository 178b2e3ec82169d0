"""Several photos' texels into one: light removed, exposures matched, the best view preferred."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.maps.unwrap import PhotoTexels

SHADING_FLOOR = 0.35
"""Shading darker than this share of its average is not divided out further: it is mostly noise."""

SHARPNESS = 3.0
"""Exponent on the weights: how strongly the best view wins over the second best."""


def remove_shading(
    colors: Float[Tensor, "texels 3"], shading: Float[Tensor, "texels 3"]
) -> Float[Tensor, "texels 3"]:
    """Divide the light out of colours; `shading` is what multiplies albedo."""
    return colors / torch.maximum(shading, SHADING_FLOOR * shading.mean(0).clamp_min(1e-3))


def tame_highlights(
    albedo: Float[Tensor, "texels 3"], base: Float[Tensor, "texels 3"], knee: float = 1.25
) -> Float[Tensor, "texels 3"]:
    """Compress what is brighter than `knee` times the smooth base: specular light, not albedo."""
    brightness = albedo.mean(-1, keepdim=True)
    limit = base.mean(-1, keepdim=True).clamp_min(1e-4) * knee
    excess = (brightness - limit).clamp_min(0) / limit
    compressed = torch.where(
        brightness > limit, limit * (1 + 0.25 * torch.tanh(excess)), brightness
    )
    return albedo * (compressed / brightness.clamp_min(1e-6))


def blend(
    photos: Iterator[PhotoTexels],
) -> tuple[Float[Tensor, "texels 3"], Float[Tensor, " texels"]]:
    """Return the weighted albedo of all photos and the confidence in it, in [0, 1].

    Every photo is first scaled, per channel, to agree with the first where both see the skin:
    exposures and white balances differ.
    """
    first = next(photos)
    total = first.colors * (first.weights**SHARPNESS)[:, None]
    norm = first.weights**SHARPNESS
    unseen = 1 - first.weights.clamp(0, 1)
    for photo in photos:
        strength = photo.weights**SHARPNESS
        total.addcmul_(photo.colors * _gain(photo, first), strength[:, None])
        norm += strength
        unseen *= 1 - photo.weights.clamp(0, 1)
    confidence = ((1 - unseen) * 2).clamp(0, 1)
    return total / norm.clamp_min(1e-9)[:, None], confidence


def _gain(photo: PhotoTexels, reference: PhotoTexels) -> Float[Tensor, "3"]:
    """Per-channel factor that takes a photo's colours to the reference's, where both see."""
    both = (photo.weights > 0.3) & (reference.weights > 0.3)
    if int(both.sum()) < 500:
        return torch.ones(3)
    ratio = (reference.colors[both] + 1e-3) / (photo.colors[both] + 1e-3)
    return ratio.median(0).values.clamp(0.4, 2.5)
