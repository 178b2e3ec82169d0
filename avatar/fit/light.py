"""A photo's light and the person's albedo from what the vertices look like."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.harmonics import sh_basis
from avatar.core.material import LUMINANCE
from avatar.core.sample_picture import sample_picture

USUAL_ALBEDO = 0.32
"""Luminance of a face's albedo over all people, about; light and albedo share one free factor."""

REDNESS, YELLOWNESS = (0.3, 0.66), (0.25, 0.54)
"""How much skin's red exceeds its green, and its green its blue, least and most, in natural logs.

Linear sRGB; the usual range of measured skins, whose extremes are 0.25 to 0.7 and 0.2 to 0.6.
"""


@dataclass(frozen=True, kw_only=True)
class VertexColors:
    """What one photo shows at each vertex: linear RGB, and a weight that is 0 where unseen."""

    colors: Float[Tensor, "verts 3"]
    normals: Float[Tensor, "verts 3"]
    weights: Float[Tensor, " verts"]


def vertex_colors(
    pixels: Float[Tensor, "height width 3"],
    camera: Camera,
    vertices: Float[Tensor, "verts 3"],
) -> Float[Tensor, "verts 3"]:
    """Return the picture's colours where the vertices project to, hidden or not."""
    places, _ = camera.project(vertices)
    return sample_picture(pixels, places)


def solve_light(
    seen: VertexColors, albedo: Float[Tensor, "verts 3"], rounds: int = 4
) -> Float[Tensor, "9 3"]:
    """Return the light that explains the colours of a surface of known albedo.

    Least squares per channel, with the weights of outliers (shine, hair, shadows) lowered, and a
    slight pull to a light without direction where the normals do not tell.
    """
    basis = sh_basis(seen.normals)
    light = albedo.new_zeros(9, 3)
    pull = 1e-3 * torch.diag(basis.new_tensor([0.1, *(1.0,) * 3, *(3.0,) * 5]))
    for channel in range(3):
        design = basis * albedo[:, channel : channel + 1]
        weights = seen.weights
        for _ in range(rounds):
            scaled = design * weights[:, None]
            normal = scaled.T @ design
            ridge = pull * normal[0, 0].clamp_min(1e-9)
            light[:, channel] = torch.linalg.solve(
                normal + ridge, scaled.T @ seen.colors[:, channel]
            )
            off = (design @ light[:, channel] - seen.colors[:, channel]).abs()
            spread = (seen.weights * off).sum() / seen.weights.sum().clamp_min(1e-9)
            weights = seen.weights / (1 + (off / (2 * spread + 1e-6)) ** 2)
    return light


def skin_balance(skin: Float[Tensor, "3"]) -> Float[Tensor, "3"]:
    """Return the factor per channel that makes an albedo of skin one that people have.

    Skin redder, paler or yellower than people's is light or a camera's taste: three quarters of the
    excess are taken out. The factor keeps the luminance; divide the light by it.
    """
    red, green, blue = skin.clamp_min(1e-4).log().unbind()
    less_red = 0.75 * (red - green - (red - green).clamp(*REDNESS))
    less_yellow = 0.75 * (green - blue - (green - blue).clamp(*YELLOWNESS))
    factor = torch.stack([-less_red, torch.zeros_like(red), less_yellow]).exp()
    luminance = skin.new_tensor(LUMINANCE)
    return factor * (skin @ luminance) / (skin * factor @ luminance).clamp_min(1e-6)


def solve_albedo(
    photos: Sequence[VertexColors], lights: Sequence[Float[Tensor, "9 3"]]
) -> tuple[Float[Tensor, "verts 3"], Float[Tensor, " verts"]]:
    """Return each vertex's albedo, the weighted mean of what the photos say, and its weight."""
    total = torch.zeros_like(photos[0].colors)
    weight = torch.zeros_like(total[:, 0])
    for seen, light in zip(photos, lights, strict=True):
        shading = (sh_basis(seen.normals) @ light).clamp_min(0.02)
        # Well-lit places tell more: dividing by dim light multiplies the noise.
        say = seen.weights * shading.mean(1)
        total = total + say[:, None] * seen.colors / shading
        weight = weight + say
    return (total / weight.clamp_min(1e-9)[:, None]).clamp(0.005, 0.95), weight
