"""The colours of a person's eyes, from the photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.core.harmonics import sh_basis
from avatar.core.sample_picture import sample_picture
from avatar.fit.head_fit import HeadFit

DEFAULT_IRIS = (0.10, 0.055, 0.03)
"""Linear RGB of a brown iris: four people in five have one."""

USUAL_SCLERA = (0.60, 0.55, 0.52)
"""Linear RGB of the white of an eye."""

VEIL = 0.008
"""What the cornea mirrors of a room, about, as albedo."""

MIN_IRIS_PIXELS = 3.0
"""An iris of a smaller radius than this (pixels) tells no colour."""


@dataclass(frozen=True, kw_only=True)
class EyeColors:
    """Linear albedo of the irises and of the whites."""

    iris: Float[Tensor, "3"]
    sclera: Float[Tensor, "3"]


def eye_colors(fit: HeadFit, observations: Sequence[Observation]) -> EyeColors:
    """Return the colours of a person's eyes."""
    return EyeColors(iris=iris_color(fit, observations), sclera=sclera_color(fit, observations))


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
    low, high = brightness.quantile(0.2), brightness.quantile(0.6)
    kept = (brightness >= low) & (brightness <= high)
    color = colors[kept].median(0).values
    # The cornea's veil is not the iris's: a renderer adds its own.
    return torch.maximum(color - VEIL, 0.4 * color).clamp(0.005, 0.6)


def sclera_color(fit: HeadFit, observations: Sequence[Observation]) -> Float[Tensor, "3"]:
    """Return the linear albedo of the eyes' white, `USUAL_SCLERA` where no photo resolves it.

    Looked for between the irises and the corners; its tint is only partly believed, as what the
    lids and the sky throw on it is not its own.
    """
    usual = torch.tensor(USUAL_SCLERA)
    found: list[Tensor] = []
    for photo, observation in zip(fit.photos, observations, strict=True):
        shading = sh_basis(torch.tensor([0.0, 0.0, 1.0])) @ photo.light
        for first, corners in ((468, (33, 133)), (473, (362, 263))):
            for corner in corners:
                colors = _white_colors(observation, first, corner)
                if colors is not None:
                    found.append(colors / shading.clamp_min(0.05))
    if not found:
        return usual
    colors = torch.cat(found)
    brightness = colors.mean(-1)
    seen = colors[brightness >= brightness.quantile(0.6)].median(0).values
    # The texture darkens towards lids and corners itself; what is seen has that shade already.
    level = (1.5 * seen.mean()).clamp(0.3, 0.58)
    tint = (0.4 * (seen / seen.mean()).log() + 0.6 * (usual / usual.mean()).log()).exp()
    return level * tint / tint.mean()


def _white_colors(
    observation: Observation, first: int, corner: int
) -> Float[Tensor, "pixels 3"] | None:
    """Return what lies on the line from the iris to a corner of the eye, if anything does."""
    center, end = observation.landmarks[first], observation.landmarks[corner]
    radius = (observation.landmarks[first + 1 : first + 5] - center).norm(dim=-1).mean()
    room = (end - center).norm()
    if float(radius) < MIN_IRIS_PIXELS or float(room) < 1.7 * float(radius):
        return None
    along = torch.linspace(0, 1, 12)[:, None]
    start, stop = 1.2 * radius / room, 0.85
    positions = center + (end - center) * (start + (stop - start) * along)
    return sample_picture(observation.photo.pixels, positions)


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
    return sample_picture(observation.photo.pixels, positions)
