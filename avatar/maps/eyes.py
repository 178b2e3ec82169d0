"""The colour of a person's irises, from the photos."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.core.harmonics import sh_basis
from avatar.fit.head_fit import HeadFit
from avatar.maps.unwrap import sample

DEFAULT_IRIS = (0.10, 0.055, 0.03)
"""Linear RGB of a brown iris: four people in five have one."""

MIN_IRIS_PIXELS = 3.0
"""An iris of a smaller radius than this (pixels) tells no colour."""


def iris_color(fit: HeadFit, observations: Sequence[Observation]) -> Float[Tensor, "3"]:
    """Return the linear albedo of the irises, `DEFAULT_IRIS` where no photo resolves them.

    Takes the ring between pupil and limbus, below the upper lid's shadow, and drops its darkest
    (lashes, pupil) and brightest (catch-light) pixels.
    """
    found: list[Tensor] = []
    for photo, observation in zip(fit.photos, observations, strict=True):
        shading = sh_basis(torch.tensor([0.0, 0.0, 1.0])) @ photo.light
        for first in (468, 473):
            ring = _ring_colors(observation, first)
            if ring is not None:
                found.append(ring / shading.clamp_min(0.05))
    if not found:
        return torch.tensor(DEFAULT_IRIS)
    colors = torch.cat(found)
    brightness = colors.mean(-1)
    low, high = brightness.quantile(0.25), brightness.quantile(0.7)
    kept = (brightness >= low) & (brightness <= high)
    return colors[kept].median(0).values.clamp(0.005, 0.6)


def _ring_colors(observation: Observation, first: int) -> Float[Tensor, "pixels 3"] | None:
    center = observation.landmarks[first]
    radius = (observation.landmarks[first + 1 : first + 5] - center).norm(dim=-1).mean()
    if float(radius) < MIN_IRIS_PIXELS:
        return None
    # The lower two thirds of the ring: the upper lid covers or shades the rest.
    angles = torch.linspace(-0.35, torch.pi + 0.35, 48)
    rings = torch.linspace(0.5, 0.85, 8)
    offsets = torch.stack([angles.cos(), angles.sin()], -1)[None] * rings[:, None, None]
    positions = center + radius * offsets.reshape(-1, 2)
    return sample(observation.photo.pixels, positions)
