"""The colour of surface points: matte reflection under the skin, glossy reflection on top."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.render.light import Lamp, Light
from avatar.render.vectors import dot, unit

DIELECTRIC = 0.04
"""Reflectance of a non-metal seen head-on, as glTF has it."""

BLEED = (0.32, 0.13, 0.07)
"""How far past the terminator red, green and blue light reaches in skin, as a cosine."""


_SMOOTH = 0.2
"""Roughness under which a surface mirrors its surroundings instead of having a sheen."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points of one material, ready to be lit; unit vectors in the world, component by component.

    `normals` carry the normal map's detail, `smooth_normals` do not. `openness` is the share of
    the sky a point sees, `lamp_shares` of each lamp. `albedo` is linear RGB.
    """

    positions: Float[Tensor, "3 points"]
    normals: Float[Tensor, "3 points"]
    smooth_normals: Float[Tensor, "3 points"]
    to_eye: Float[Tensor, "3 points"]
    openness: Float[Tensor, " points"]
    lamp_shares: Float[Tensor, "lamps points"]
    albedo: Float[Tensor, "3 points"]
    alpha: Float[Tensor, " points"]
    roughness: Float[Tensor, " points"]
    metallic: float
    bleeds: bool


@dataclass(frozen=True, kw_only=True)
class Radiance:
    """What points send to the eye, linear RGB: from within and from the surface itself."""

    matte: Float[Tensor, "3 points"]
    gloss: Float[Tensor, "3 points"]


@dataclass(frozen=True, kw_only=True)
class _Facing:
    """What every light source asks of the points: `head_on` is their reflectance seen head-on."""

    cosine: Float[Tensor, " points"]
    mirror: Float[Tensor, "3 points"]
    head_on: Float[Tensor, "3 points"] | Float[Tensor, "3 1"]


def shade(points: Points, light: Light) -> Radiance:
    """Return the light points reflect.

    Matte: the environment's irradiance dimmed by occlusion with its inter-reflection (Jimenez et
    al. 2016), plus the lamps. Gloss: GGX with Smith's height-correlated shadowing and Schlick's
    Fresnel term. What the gloss reflects the matte part does not get, so that a white ball in a
    white world is exactly white.
    """
    cosine = dot(points.normals, points.to_eye).clamp(1e-3, 1)
    facing = _Facing(
        cosine=cosine,
        mirror=2 * cosine * points.normals - points.to_eye,
        head_on=_head_on(points),
    )
    sheen = torch.where(points.roughness < _SMOOTH, light.mirrored, light.sheen)
    reflected = _environment_gloss(points.roughness, facing) * sheen
    matte = _around(light, points.normals) * _interreflected(points.openness, points.albedo)
    gloss = _around(light, facing.mirror) * reflected * _gloss_opening(points, cosine)
    for lamp, share in zip(light.lamps, points.lamp_shares, strict=True):
        lit_matte, lit_gloss = _lamp(points, lamp, share, facing)
        matte = matte + lit_matte
        gloss = gloss + lit_gloss
    return Radiance(
        matte=points.albedo * matte * (1 - reflected) * (1 - points.metallic), gloss=gloss
    )


def _head_on(points: Points) -> Float[Tensor, "3 points"] | Float[Tensor, "3 1"]:
    if points.metallic == 0:
        return points.albedo.new_full((3, 1), DIELECTRIC)
    return DIELECTRIC * (1 - points.metallic) + points.albedo * points.metallic


def _around(light: Light, directions: Float[Tensor, "3 points"]) -> Float[Tensor, "3 points"]:
    """Return the environment's `irradiance` in each direction, none below zero.

    As the quadratic form of the directions it is (Ramamoorthi and Hanrahan 2001, equation 12):
    several times faster than nine polynomials.
    """
    one, x, y, z, xy, yz, zz, xz, xx = light.environment
    form = torch.stack(
        [xx, xy / 2, xz / 2, xy / 2, -xx, yz / 2, xz / 2, yz / 2, 3 * zz], -1
    ).unflatten(-1, (3, 3))
    linear = torch.stack([x, y, z], -1)[..., None]
    slopes = (form.reshape(9, 3) @ directions).unflatten(0, (3, 3)) + linear
    return ((slopes * directions).sum(1) + (one - zz)[:, None]).clamp_min(0)


def _lamp(
    points: Points, lamp: Lamp, share: Float[Tensor, " points"], facing: _Facing
) -> tuple[Float[Tensor, "3 points"], Float[Tensor, "3 points"]]:
    color = points.albedo.new_tensor(lamp.color)[:, None]
    towards = dot(points.normals, lamp.direction[:, None])
    gloss = color * (towards.clamp_min(0) * share) * _ggx(points, lamp, facing)
    if lamp.glint:
        return torch.zeros_like(gloss), gloss * (points.roughness < _SMOOTH)
    matte = color * _lit_share(points, lamp, towards, share)
    return matte, gloss


def _lit_share(
    points: Points,
    lamp: Lamp,
    towards: Float[Tensor, " points"],
    share: Float[Tensor, " points"],
) -> Float[Tensor, "3 points"]:
    """Return the cosine law per channel; in skin it wraps past the terminator, red the furthest."""
    if not points.bleeds:
        return (towards.clamp_min(0) * share).expand(3, -1)
    bleed = towards.new_tensor(BLEED)[:, None]
    smooth = dot(points.smooth_normals, lamp.direction[:, None])
    # Red light comes from deeper and sees a smoother surface (Ma et al. 2007).
    blurred = torch.stack([smooth, (smooth + towards) / 2, towards])
    wrapped = ((blurred + bleed) / (1 + bleed)).clamp_min(0)
    wrapped = wrapped * (1 - bleed + bleed * wrapped)
    return wrapped * share * (1 + 1.2 * bleed * (1 - share))


def _ggx(points: Points, lamp: Lamp, facing: _Facing) -> Float[Tensor, "3 points"]:
    """Return the GGX reflectance times pi for a round lamp (representative point, Karis 2013)."""
    sharp = (points.roughness**2).clamp_min(0.002)
    widened = (sharp + math.tan(lamp.radius) / 2).clamp_max(1)
    towards = _nearest_in_cone(facing.mirror, lamp)
    half = unit(towards + points.to_eye)
    cosine, incoming = facing.cosine, dot(points.normals, towards).clamp(1e-3, 1)
    peak = dot(points.normals, half).clamp(0, 1)
    squared = sharp * sharp
    lobe = peak * peak * (squared - 1) + 1
    # A wider lamp spreads the same light over its disc: the lobe is lowered accordingly.
    distribution = squared / (lobe * lobe) * (sharp / widened) ** 2
    smith = incoming * (cosine * cosine * (1 - squared) + squared).sqrt()
    smith = smith + cosine * (incoming * incoming * (1 - squared) + squared).sqrt()
    missing = 1 - dot(towards, half).clamp(0, 1)
    fresnel = (missing * missing) ** 2 * missing
    return (0.5 * distribution / smith) * (facing.head_on + (1 - facing.head_on) * fresnel)


def _nearest_in_cone(mirror: Float[Tensor, "3 points"], lamp: Lamp) -> Float[Tensor, "3 points"]:
    """Return the unit vector towards the lamp's disc nearest to the mirror direction."""
    direction = lamp.direction[:, None]
    along = dot(mirror, direction)
    aside = mirror - along * direction
    across = dot(aside, aside).clamp_min(1e-12).sqrt()
    inside = along > across / math.tan(lamp.radius)
    edge = direction * math.cos(lamp.radius) + aside / across * math.sin(lamp.radius)
    return torch.where(inside, mirror, edge)


def _environment_gloss(
    roughness: Float[Tensor, " points"], facing: _Facing
) -> Float[Tensor, "3 points"]:
    """Return how much of a uniform environment the surface mirrors (fit by Karis 2014)."""
    first = 1 - roughness
    decay = torch.minimum(first * first, torch.exp2(-9.28 * facing.cosine)) * first
    decay = decay + 0.0425 - 0.0275 * roughness
    scale = -1.04 * decay + 1.04 - 0.572 * roughness
    shift = 1.04 * decay - 0.04 + 0.022 * roughness
    return (facing.head_on * scale + shift).clamp(0, 1)


def _gloss_opening(points: Points, cosine: Float[Tensor, " points"]) -> Float[Tensor, " points"]:
    """Return the share of mirrored environment that is not occluded (Lagarde 2014)."""
    power = torch.exp2(-16 * points.roughness**2 - 1)
    return ((cosine + points.openness) ** power - 1 + points.openness).clamp(0, 1)


def _interreflected(
    openness: Float[Tensor, " points"], albedo: Float[Tensor, "3 points"]
) -> Float[Tensor, "3 points"]:
    """Return the light left under occlusion when walls of the same albedo reflect it."""
    a = 2.0404 * albedo - 0.3324
    b = -4.7951 * albedo + 0.6417
    c = 2.7552 * albedo + 0.6903
    return torch.maximum(openness, ((openness * a + b) * openness + c) * openness)
