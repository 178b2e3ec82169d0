"""A panorama as a light: its brightest spots are lamps with shadows, the rest harmonics."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.core.harmonics import irradiance, light_from_radiance, radiance_from_directions
from avatar.core.material import LUMINANCE
from avatar.render.light import Lamp, Light
from avatar.render.reflections import Reflections, panorama_directions

ROWS = 64
"""Rows a panorama is averaged to: 2.8 degrees each."""

MOST_LAMPS = 4
_TRIED = 512
SPOT = math.radians(14)
"""Half the angle of what one lamp may stand for."""

LEAST_SHARE = 0.05
"""Share of the whole light from which on a spot counts as a lamp."""

SURROUND = 1.5
"""How much brighter than the panorama's mean a spot must be; what exceeds that is the lamp's."""

FACE_LIGHT = 0.85
"""What a white surface that looks ahead shows, after the panorama was exposed for a face."""


def panorama_light(panorama: Float[Tensor, "height width 3"]) -> Light:
    """Return the light of a latitude-longitude panorama (linear RGB) around a head.

    Its middle lies before the face, its right at the head's right hand, as one sees it standing
    in it. It is exposed as a photographer would expose for the face.
    """
    small, directions, angles = _averaged(panorama)
    lamps: list[Lamp] = []
    total = (small @ small.new_tensor(LUMINANCE)) @ angles
    for _ in range(MOST_LAMPS):
        found = _brightest(small, directions, angles, total)
        if found is None:
            break
        lamp, small = found
        lamps.append(lamp)
    environment = light_from_radiance(radiance_from_directions(directions, small, angles))
    reflections = Reflections.of(small.reshape(ROWS, 2 * ROWS, 3))
    light = Light(environment=environment, lamps=tuple(lamps), reflections=reflections)
    return exposed(light)


def exposed(light: Light, stops: float = 0.0) -> Light:
    """Return a light of the strength that suits a face which looks along +Z, plus `stops`."""
    angles = torch.tensor([-0.6, 0.0, 0.6])
    ahead = torch.stack([angles.sin(), torch.full_like(angles, 0.2), angles.cos()], 1)
    ahead = functional.normalize(ahead, dim=1)
    weights = torch.tensor(LUMINANCE)
    shown = irradiance(light.environment, ahead).clamp_min(0) @ weights
    for lamp in light.lamps:
        if not lamp.glint:
            facing = (ahead @ lamp.direction).clamp_min(0)
            shown = shown + facing * float(torch.tensor(lamp.color) @ weights)
    return light.scaled(FACE_LIGHT / max(float(shown.mean()), 1e-6) * 2**stops)


def _averaged(
    panorama: Float[Tensor, "height width 3"],
) -> tuple[Float[Tensor, "cells 3"], Float[Tensor, "cells 3"], Float[Tensor, " cells"]]:
    """Return the panorama's cells: mean radiance, direction, solid angle."""
    columns = 2 * ROWS
    channels = panorama.clamp_min(0).permute(2, 0, 1)[None]
    small = functional.interpolate(channels, (ROWS, columns), mode="area")[0].permute(1, 2, 0)
    polar = (torch.arange(ROWS, device=panorama.device) + 0.5) / ROWS * math.pi
    directions = panorama_directions(polar)
    level = polar.sin()[:, None]
    angles = level.expand(-1, columns) * (math.pi / ROWS) * (2 * math.pi / columns)
    angles = angles / angles.sum() * 4 * math.pi
    return small.reshape(-1, 3), directions.reshape(-1, 3), angles.reshape(-1)


def _brightest(
    radiance: Float[Tensor, "cells 3"],
    directions: Float[Tensor, "cells 3"],
    angles: Float[Tensor, " cells"],
    total: Float[Tensor, ""],
) -> tuple[Lamp, Float[Tensor, "cells 3"]] | None:
    """Return the lamp that stands for the brightest spot, and the panorama without it."""
    luminance = radiance @ radiance.new_tensor(LUMINANCE)
    most = SURROUND * total / (4 * math.pi)
    excess = (1 - most / luminance.clamp_min(1e-9)).clamp_min(0)
    power = luminance * excess * angles
    # Among the brightest cells, the one around which most light comes from one spot.
    tried = directions[power.topk(min(_TRIED, len(power))).indices]
    around = ((tried @ directions.T) > math.cos(SPOT)) * power
    most_light = around[int(around.sum(1).argmax())]
    centre = functional.normalize(most_light @ directions, dim=0)
    near = (directions @ centre) > math.cos(SPOT)
    taken = radiance * (excess * near)[:, None]
    color = (taken * angles[:, None]).sum(0) / math.pi
    weight = (taken @ radiance.new_tensor(LUMINANCE)) * angles
    if float(weight.sum()) < LEAST_SHARE * float(total):
        return None
    direction = functional.normalize((weight[:, None] * directions).sum(0), dim=0)
    # The variance of a uniform disc of radius r is r squared over 2.
    spread = (weight * (2 - 2 * (directions @ direction))).sum() / weight.sum()
    radius = min(max(float((2 * spread).clamp_min(0).sqrt()), math.radians(1.5)), SPOT)
    red, green, blue = color.tolist()
    return Lamp(
        direction=direction, color=(red, green, blue), radius=radius, shadow=True
    ), radiance - taken
