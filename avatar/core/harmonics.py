"""Light from all around as spherical harmonics up to order 2: nine coefficients per channel.

The one convention of the project: `light` has 9 rows, one per polynomial of `sh_basis`, and a
column per linear RGB channel; `irradiance(light, normals)` is what multiplies albedo. A constant
white world is `light[0] = 1` and zero elsewhere: a white surface in it looks 1 from any side.
Normals are unit vectors in the head frame (+Y up, face along +Z).
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def sh_basis(normals: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 9"]:
    """Return the nine polynomials 1, x, y, z, xy, yz, 3z^2 - 1, xz, x^2 - y^2 of unit normals.

    These are the real spherical harmonics without their constants, which the coefficients absorb:
    nine of them carry over 99 % of the shading a distant light gives a convex matte surface
    (Ramamoorthi and Hanrahan 2001).
    """
    x, y, z = normals.unbind(-1)
    return torch.stack(
        [torch.ones_like(x), x, y, z, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], dim=-1
    )


def irradiance(
    light: Float[Tensor, "9 3"], normals: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3"]:
    """Return the light that reaches surfaces of these normals, divided by pi, linear RGB.

    Multiplied by the albedo it is what a matte surface shows. The truncated series may fall below
    zero opposite a strong light; it is returned as it is, for fits need the gradient.
    """
    return sh_basis(normals) @ light


def light_from_radiance(radiance: Float[Tensor, "9 3"]) -> Float[Tensor, "9 3"]:
    """Turn the coefficients of incoming radiance into a `light`.

    `radiance` are the projections of an environment on the orthonormal real spherical harmonics
    Y_lm, ordered like the polynomials of `sh_basis`. The result carries the constants of Y_lm and
    the cosine lobe's A_l / pi = 1, 2/3, 1/4 (Ramamoorthi and Hanrahan 2001, equations 3 and 8).
    """
    return radiance * radiance.new_tensor(_CONSTANTS)[:, None] * radiance.new_tensor(_LOBE)[:, None]


def radiance_from_directions(
    directions: Float[Tensor, "samples 3"],
    radiance: Float[Tensor, "samples 3"],
    solid_angles: Float[Tensor, " samples"],
) -> Float[Tensor, "9 3"]:
    """Project incoming radiance, sampled over the sphere, on the orthonormal harmonics.

    `directions` are unit vectors towards the light; `solid_angles` sum to 4 pi.
    """
    basis = sh_basis(directions) * directions.new_tensor(_CONSTANTS)
    return (basis * solid_angles[:, None]).T @ radiance


def turned_harmonics(
    light: Float[Tensor, "9 3"], rotation: Float[Tensor, "3 3"]
) -> Float[Tensor, "9 3"]:
    """Return a light turned about the head: what came from d now comes from `rotation` d."""
    steps = torch.arange(32, dtype=light.dtype, device=light.device) + 0.5
    height, around = 1 - steps / 16, steps * (math.pi * (1 + math.sqrt(5)))
    level = (1 - height * height).sqrt()
    directions = torch.stack([level * around.cos(), level * around.sin(), height], -1)
    # Each order keeps to itself under rotation: nine values anywhere determine the nine anew.
    return torch.linalg.lstsq(
        sh_basis(directions), sh_basis(directions @ rotation) @ light
    ).solution


_CONSTANTS = (
    0.5 / math.sqrt(math.pi),
    *(math.sqrt(3 / (4 * math.pi)),) * 3,
    *(math.sqrt(15 / (4 * math.pi)),) * 2,
    math.sqrt(5 / (16 * math.pi)),
    math.sqrt(15 / (4 * math.pi)),
    math.sqrt(15 / (16 * math.pi)),
)
"""Factors that make the polynomials of `sh_basis` orthonormal over the sphere."""

_LOBE = (1.0, *(2 / 3,) * 3, *(1 / 4,) * 5)
"""The clamped cosine's A_l / pi for each polynomial."""
