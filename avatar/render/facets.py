"""What the facets of a rough surface mirror: of a lamp, and of an even world all around.

GGX facets with Smith's height-correlated shadowing and Schlick's Fresnel term, all channels alike
but for metals.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.render.light import Lamp
from avatar.render.vectors import dot, unit

LOBES = ((0.9, 0.85), (1.5666667, 0.15))
"""Roughness of skin's two lobes as multiples of the map's, and their shares.

One lobe has no room for both the highlight of skin and its long skirts (Graham et al. 2013 measure
it so, with microscopes and light stages); the ratios are those that engines settled on after the
Digital Ira project (von der Pahlen et al. 2014), scaled so that the mean stays the map's.
"""

Reflectance = Float[Tensor, "3 points"] | Float[Tensor, "1 1"]


def even_share(
    roughness: Float[Tensor, " points"],
    cosine: Float[Tensor, " points"],
    head_on: Reflectance,
) -> Float[Tensor, "channels points"]:
    """Return how much of an even world the surface mirrors, seen at a cosine.

    Our own fit to the integral, within 0.02 for roughnesses from 0.3: `mirror` is what perfect
    facets send back once, `rim` the part of it that Fresnel's term adds at a grazing angle. What
    bounces between facets is added as Turquin (2019) has it.
    """
    r = roughness
    size = 1.244 + r * (-3.759 + r * (4.106 - 1.556 * r))
    power = 5.88 + r * (-16.453 + r * (30.046 - 15.957 * r))
    rim = size * (1 - cosine) ** power
    a = r * r
    bend = 1 - torch.exp2(-1.4427 * cosine / (0.363 * a + 0.001))
    mirror = 1 - a * ((0.713 + 0.07 * a) * bend - (0.356 - 0.341 * a) * cosine)
    once = head_on * (mirror - rim) + rim
    return (once * (1 + head_on * (1 / mirror - 1))).clamp(0, 1)


def skin_gloss(
    normals: Float[Tensor, "3 points"],
    to_eye: Float[Tensor, "3 points"],
    cosine: Float[Tensor, " points"],
    roughness: Float[Tensor, " points"],
    lamp: Lamp,
    head_on: Reflectance,
) -> Float[Tensor, "channels points"]:
    """Return pi times the reflectance of a lamp by two lobes, each as much wider as the lamp is.

    A disc of radius r moves the halfway vector by r / 4 in the mean square along each axis, by so
    much the slopes of the facets seem to spread.
    """
    direction = lamp.direction[:, None]
    half = unit(to_eye + direction)
    incoming = dot(normals, direction).clamp(1e-3, 1)
    peak = dot(normals, half).clamp(0, 1)
    peak = peak * peak
    base, spread = roughness * roughness, math.tan(lamp.radius) ** 2 / 8
    total = torch.zeros_like(peak)
    for scale, share in LOBES:
        squared = ((base * (scale * scale)).clamp_max(1) ** 2 + spread).clamp_max(1)
        lobe = peak * (squared - 1) + 1
        total = total + share * squared / (lobe * lobe * _smith(incoming, cosine, squared))
    return 0.5 * total * _schlick(dot(half, direction), head_on)


def lamp_gloss(
    normals: Float[Tensor, "3 points"],
    to_eye: Float[Tensor, "3 points"],
    cosine: Float[Tensor, " points"],
    roughness: Float[Tensor, " points"],
    lamp: Lamp,
    head_on: Reflectance,
) -> Float[Tensor, "channels points"]:
    """Return pi times the reflectance of a round lamp (representative point, Karis 2013)."""
    sharp = (roughness**2).clamp_min(0.002)
    widened = (sharp + math.tan(lamp.radius) / 2).clamp_max(1)
    towards = _nearest_in_cone(2 * cosine * normals - to_eye, lamp)
    half = unit(towards + to_eye)
    incoming = dot(normals, towards).clamp(1e-3, 1)
    peak = dot(normals, half).clamp(0, 1)
    squared = sharp * sharp
    lobe = peak * peak * (squared - 1) + 1
    # A wider lamp spreads the same light over its disc: the lobe is lowered accordingly.
    distribution = squared / (lobe * lobe) * (sharp / widened) ** 2
    shadowing = _smith(incoming, cosine, squared)
    return (0.5 * distribution / shadowing) * _schlick(dot(towards, half), head_on)


def _smith(
    incoming: Float[Tensor, " points"],
    cosine: Float[Tensor, " points"],
    squared: Float[Tensor, " points"],
) -> Float[Tensor, " points"]:
    """Return what the distribution is divided by, twice over."""
    smith = incoming * (cosine * cosine * (1 - squared) + squared).sqrt()
    return smith + cosine * (incoming * incoming * (1 - squared) + squared).sqrt()


def _schlick(
    facing: Float[Tensor, " points"], head_on: Reflectance
) -> Float[Tensor, "channels points"]:
    missing = 1 - facing.clamp(0, 1)
    return head_on + (1 - head_on) * ((missing * missing) ** 2 * missing)


def _nearest_in_cone(mirror: Float[Tensor, "3 points"], lamp: Lamp) -> Float[Tensor, "3 points"]:
    """Return the unit vector towards the lamp's disc nearest to the mirror direction."""
    direction = lamp.direction[:, None]
    along = dot(mirror, direction)
    aside = mirror - along * direction
    across = dot(aside, aside).clamp_min(1e-12).sqrt()
    inside = along > across / math.tan(lamp.radius)
    edge = direction * math.cos(lamp.radius) + aside / across * math.sin(lamp.radius)
    return torch.where(inside, mirror, edge)
