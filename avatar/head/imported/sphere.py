"""Eyeballs of foreign models: their centres, and texture coordinates our eye textures fit."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.parts.eyeball import EQUATOR_UV_RADIUS, IRIS_RADIUS, LIMBUS_UV_RADIUS


def sphere_centre(points: Float[Tensor, "points 3"]) -> Float[Tensor, "3"]:
    """Return the centre of the sphere that most points lie on (a bulging cornea is left out)."""
    kept = points
    centre = points.mean(0)
    for _ in range(4):
        rows = torch.cat([2 * kept, torch.ones_like(kept[:, :1])], dim=1)
        centre = torch.linalg.lstsq(rows, (kept**2).sum(1, keepdim=True)).solution[:3, 0]
        distance = (points - centre).norm(dim=1)
        off = (distance - distance.median()).abs()
        kept = points[off <= torch.maximum(2 * off.median(), points.new_tensor(1e-7))]
    return centre


def polar_eye_uvs(
    points: Float[Tensor, "points 3"], centre: Float[Tensor, "3"], side: Literal["left", "right"]
) -> Float[Tensor, "points 2"]:
    """Return texture coordinates about the pupil of an eye that looks along +Z.

    The visible iris, 11.7 mm across, fills the circle where eye textures paint it, whatever the
    ball's size; u runs towards the temple, v down.
    """
    offsets = points - centre
    radius = offsets.norm(dim=1)
    angle = torch.atan2(offsets[:, :2].norm(dim=1), offsets[:, 2])
    limbus = math.asin(min(0.9, IRIS_RADIUS / float(radius.median())))
    quarter = math.pi / 2
    front = LIMBUS_UV_RADIUS + (EQUATOR_UV_RADIUS - LIMBUS_UV_RADIUS) * (
        (angle - limbus) / (quarter - limbus)
    )
    back = EQUATOR_UV_RADIUS + (0.5 - EQUATOR_UV_RADIUS) * (angle - quarter) / quarter
    iris = LIMBUS_UV_RADIUS * angle.sin() / math.sin(limbus)
    reach = torch.where(angle < limbus, iris, torch.where(angle < quarter, front, back))
    temple = 1.0 if side == "left" else -1.0
    around = torch.nn.functional.normalize(offsets[:, :2] * offsets.new_tensor([temple, -1.0]))
    return 0.5 + reach[:, None] * around
