"""The colour of surface points: matte reflection under the skin, glossy reflection on top."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.render.facets import Reflectance, even_share, lamp_gloss, skin_gloss
from avatar.render.light import Lamp, Light
from avatar.render.vectors import dot, unit

SCATTER = (0.00118, 0.00026, 0.00016)
"""How far red, green and blue light wanders in skin, as the standard deviation in metres.

Of the six Gaussians that d'Eon and Luebke (2007) fit to measured skin.
"""

BOUNCE = 0.15
"""Of a lamp's light, what it leaves on a body on average, which lights what is turned to it.

The cosine over a sphere is a quarter; a head also stands in its own shadow.
"""

_SMOOTH = 0.2
"""Roughness under which a surface mirrors its surroundings instead of having a sheen."""

_BLUNT = 0.5
"""Least roughness for which nine harmonics are mirrored: they ring where they are sharpened."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points of one material, ready to be lit; unit vectors in the world, component by component.

    `normals` carry the normal map's detail, `smooth_normals` do not. `openness` is the share of
    the sky a point sees, `lamp_shares` of each lamp. `albedo` is linear RGB. Skin has a
    `curvature` (one over metres), by which light wanders round it; None where light does not.
    `specular`, `ior` and the clear coat are those of `avatar.core.material`.
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
    curvature: Float[Tensor, " points"] | None
    specular: Float[Tensor, " points"] | float = 1.0
    ior: float = 1.5
    clearcoat: float = 0.0
    clearcoat_roughness: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Radiance:
    """What points send to the eye, linear RGB: from within and from the surface itself."""

    matte: Float[Tensor, "3 points"]
    gloss: Float[Tensor, "3 points"]


@dataclass(frozen=True, kw_only=True)
class _Facing:
    """What every light source asks of the points: `head_on` is their reflectance seen head-on.

    `strength` scales all that is mirrored.
    """

    cosine: Float[Tensor, " points"]
    head_on: Reflectance
    strength: Float[Tensor, " points"] | float


def shade(points: Points, light: Light) -> Radiance:
    """Return the light points reflect.

    Matte: the environment's irradiance dimmed by occlusion with its inter-reflection (Jimenez et
    al. 2016), plus the lamps. Gloss: facets, by `avatar.render.facets`. What the gloss reflects the
    matte part does not get, so that a white ball in a white world is exactly white.
    """
    cosine = dot(points.normals, points.to_eye).clamp(1e-3, 1)
    facing = _Facing(cosine=cosine, head_on=_head_on(points), strength=_strength(points))
    sheen = torch.where(points.roughness < _SMOOTH, light.mirrored, light.sheen)
    share = even_share(points.roughness, cosine, facing.head_on)
    reflected = share * (sheen * facing.strength)
    matte = _around(light, points.normals) * _interreflected(points.openness, points.albedo)
    gloss = _mirrored(points, light, cosine) * (reflected * _gloss_opening(points, cosine))
    for lamp, seen in zip(light.lamps, points.lamp_shares, strict=True):
        lit_matte, lit_gloss = _lamp(points, lamp, seen, facing)
        gloss = gloss + lit_gloss
        if lit_matte is not None:
            matte = matte + lit_matte
    radiance = Radiance(
        matte=points.albedo * matte * ((1 - reflected) * (1 - points.metallic)), gloss=gloss
    )
    return _coated(radiance, points, light) if points.clearcoat else radiance


def _head_on(points: Points) -> Reflectance:
    plain = ((points.ior - 1) / (points.ior + 1)) ** 2
    if points.metallic == 0:
        return points.albedo.new_full((1, 1), plain)
    return plain * (1 - points.metallic) + points.albedo * points.metallic


def _strength(points: Points) -> Float[Tensor, " points"] | float:
    return points.specular + (1 - points.specular) * points.metallic


def _coated(below: Radiance, points: Points, light: Light) -> Radiance:
    """Lay a clear coat over points: a second gloss, which what lies under it does not get."""
    coat = replace(
        points,
        normals=points.smooth_normals,
        roughness=torch.full_like(points.roughness, max(points.clearcoat_roughness, 0.02)),
        metallic=0.0,
        curvature=None,
        specular=points.clearcoat,
        ior=1.5,
        clearcoat=0.0,
    )
    cosine = dot(coat.normals, coat.to_eye).clamp(1e-3, 1)
    left = 1 - points.clearcoat * even_share(coat.roughness, cosine, _head_on(coat))
    return Radiance(matte=below.matte * left, gloss=below.gloss * left + shade(coat, light).gloss)


def _around(light: Light, directions: Float[Tensor, "3 points"]) -> Float[Tensor, "3 points"]:
    """Return the environment's `irradiance` in each direction, none below zero.

    As the quadratic form of the directions it is (Ramamoorthi and Hanrahan 2001, equation 12):
    several times faster than nine polynomials.
    """
    slopes = (_form(light) @ directions).unflatten(0, (3, 3)) + _slope(light)
    one, zz = light.environment[0], light.environment[6]
    return ((slopes * directions).sum(1) + (one - zz)[:, None]).clamp_min(0)


def _form(light: Light) -> Float[Tensor, "9 3"]:
    _, _, _, _, xy, yz, zz, xz, xx = light.environment
    form = torch.stack([xx, xy / 2, xz / 2, xy / 2, -xx, yz / 2, xz / 2, yz / 2, 3 * zz], -1)
    return form.reshape(9, 3)


def _slope(light: Light) -> Float[Tensor, "3 3 1"]:
    return light.environment[1:4].T[..., None]


def _mirrored(
    points: Points, light: Light, cosine: Float[Tensor, " points"]
) -> Float[Tensor, "3 points"]:
    """Return the environment as facets see it, mean over their lobe.

    Rough lobes lean from the mirror direction to the normal (Lagarde and de Rousiers 2014).
    """
    lobe = points.roughness * points.roughness
    lean = (1 - lobe) * ((1 - lobe).sqrt() + lobe)
    towards = points.normals * (1 + lean * (2 * cosine - 1)) - points.to_eye * lean
    if light.reflections is not None:
        return light.reflections.mirrored(unit(towards), points.roughness)
    return _sharpened(light, unit(towards), points.roughness.clamp_min(_BLUNT))


def _sharpened(
    light: Light, directions: Float[Tensor, "3 points"], roughness: Float[Tensor, " points"]
) -> Float[Tensor, "3 points"]:
    """Return the harmonics' mean over a lobe: irradiance is their mean over a wider one.

    Our fit to what lobes, and the cosine, leave of the first and the second order.
    """
    first = 1.739 + roughness * (-1.037 + 0.29 * roughness)
    second = 5.572 + roughness * (-7.238 + 2.633 * roughness)
    one, zz = light.environment[0], light.environment[6]
    slopes = (_form(light) @ directions).unflatten(0, (3, 3)) * second + _slope(light) * first
    return ((slopes * directions).sum(1) + one[:, None] - zz[:, None] * second).clamp_min(0)


def _lamp(
    points: Points, lamp: Lamp, share: Float[Tensor, " points"], facing: _Facing
) -> tuple[Float[Tensor, "3 points"] | None, Float[Tensor, "3 points"]]:
    color = points.albedo.new_tensor(lamp.color)[:, None]
    towards = dot(points.normals, lamp.direction[:, None])
    reflect = lamp_gloss if points.curvature is None else skin_gloss
    shine = reflect(
        points.normals, points.to_eye, facing.cosine, points.roughness, lamp, facing.head_on
    )
    gloss = color * (shine * (towards.clamp_min(0) * share * facing.strength))
    if lamp.glint:
        return None, gloss * (points.roughness < _SMOOTH)
    return color * _lit_share(points, lamp, towards, share), gloss


def _lit_share(
    points: Points,
    lamp: Lamp,
    towards: Float[Tensor, " points"],
    share: Float[Tensor, " points"],
) -> Float[Tensor, "3 points"] | Float[Tensor, "1 points"]:
    """Return the cosine law, softened by how wide the lamp is and how far light wanders.

    On skin of one curvature (Penner and Borshukov 2011) scattering blurs the cosine along the
    surface, and so does the lamp's disc: here by an even blur of the same variance, of which the
    clamped cosine's is a parabola across the terminator.
    """
    disc = 0.75 * math.sin(lamp.radius) ** 2
    if points.curvature is None:
        lit = _blurred_step(towards, towards.new_tensor(max(disc, 1e-6)).sqrt())[None]
    else:
        apart = 3 * points.albedo.new_tensor(SCATTER)[:, None] ** 2 * points.curvature**2
        smooth = dot(points.smooth_normals, lamp.direction[:, None])
        # Red light comes from deeper and sees a smoother surface (Ma et al. 2007).
        blurred = torch.stack([smooth, (smooth + towards) / 2, towards])
        lit = _blurred_step(blurred, (apart + max(disc, 1e-6)).sqrt())
    bounced = BOUNCE * (1 - points.openness) * points.albedo
    return lit * share + bounced


def _blurred_step(
    cosine: Float[Tensor, "*rows points"], width: Float[Tensor, "*all"]
) -> Float[Tensor, "*rows points"]:
    """Return the cosine, none below zero, averaged from `width` less to `width` more."""
    across = (cosine + width).clamp_min(0)
    return torch.where(cosine < width, across * across / (4 * width), cosine)


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
