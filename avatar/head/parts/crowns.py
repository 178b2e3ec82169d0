"""Tooth crowns: one shape per kind of tooth, lofted from measured proportions.

A crown stands in its own frame: +X distal (away from the midline along the arch), +Y towards the
root, +Z facial (towards lip or cheek). The origin lies at the incisal or occlusal end, midway in
width and depth. Sizes are those of dental anatomy tables (Wheeler), in metres.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.parts.surface import Surface, grid_faces


@dataclass(frozen=True, kw_only=True)
class CrownShape:
    """Proportions of a kind of tooth.

    `width`, `depth` and `height` are metres. `neck` is the width at the gum over the largest
    width; `edge` the depth at the incisal end over the largest depth; `point` how far the middle
    of the edge stands out beyond its corners and `corner` how far the distal corner recedes,
    metres; `cusps` the depth of the groove between the cusps, metres (0 for front teeth).
    """

    width: float
    depth: float
    height: float
    neck: float
    edge: float
    point: float
    corner: float
    cusps: float


def _front(width: float, depth: float, height: float, *, corner: float) -> CrownShape:
    return CrownShape(
        width=width * 1e-3,
        depth=depth * 1e-3,
        height=height * 1e-3,
        neck=0.86,
        edge=0.2,
        point=0.0,
        corner=corner * 1e-3,
        cusps=0.0,
    )


def _canine(width: float, depth: float, height: float) -> CrownShape:
    return CrownShape(
        width=width * 1e-3,
        depth=depth * 1e-3,
        height=height * 1e-3,
        neck=0.86,
        edge=0.26,
        point=0.9e-3,
        corner=0.5e-3,
        cusps=0.0,
    )


def _back(width: float, depth: float, height: float, *, cusps: float) -> CrownShape:
    return CrownShape(
        width=width * 1e-3,
        depth=depth * 1e-3,
        height=height * 1e-3,
        neck=0.78,
        edge=0.62,
        point=0.0,
        corner=0.0,
        cusps=cusps * 1e-3,
    )


def upper_crowns() -> tuple[CrownShape, ...]:
    """Return the upper teeth of one side, from the central incisor to the second molar."""
    return (
        _front(8.5, 7.0, 10.2, corner=0.5),
        _front(6.5, 6.0, 8.9, corner=0.8),
        _canine(7.6, 8.0, 9.9),
        _back(7.0, 9.0, 8.3, cusps=1.6),
        _back(7.0, 9.0, 7.6, cusps=1.4),
        _back(10.0, 10.8, 7.2, cusps=1.5),
        _back(9.5, 10.6, 6.8, cusps=1.3),
    )


def lower_crowns() -> tuple[CrownShape, ...]:
    """Return the lower teeth of one side, from the central incisor to the second molar."""
    return (
        _front(5.3, 5.8, 8.8, corner=0.15),
        _front(5.9, 6.1, 9.0, corner=0.3),
        _canine(6.9, 7.6, 10.2),
        _back(7.0, 7.7, 8.4, cusps=1.5),
        _back(7.1, 8.1, 7.9, cusps=1.3),
        _back(10.8, 10.2, 7.3, cusps=1.4),
        _back(10.3, 9.9, 6.8, cusps=1.2),
    )


CONTACT = 0.45
"""Share of a crown's height, from its end, over which it is as wide as it gets."""

_SEGMENTS = 12
# Heights of the rings over the crown's height, from under the gum to where the end rounds off.
_RINGS = (1.2, 0.9, 0.58, 0.28, 0.06)
_END_RINGS = (0.84, 0.48)
END_V = 0.12


def crown_surface(shape: CrownShape) -> Surface:
    """Return the crown with a stub of root, closed at the incisal end, open under the gum.

    Texture coordinates: u runs over the width from mesial (0) to distal (1), on the back as on
    the front; v from the middle of the incisal end (0) over its rim (`END_V`) to the gum (1).
    """
    angles = torch.arange(_SEGMENTS, dtype=torch.float64) * (2 * math.pi / _SEGMENTS)
    rings = [_ring(shape, height, 1.0, angles) for height in _RINGS]
    rings += [_ring(shape, 0.0, scale, angles) for scale in _END_RINGS]
    tip = _ring(shape, 0.0, 0.0, angles)[:1]
    vertices = torch.cat([*rings, tip])
    count = len(rings)
    # Rows run from gum to tip and columns from distal over facial, so flip to face outwards.
    sides = grid_faces(count, _SEGMENTS, closed=True)
    last = (count - 1) * _SEGMENTS + torch.arange(_SEGMENTS)
    fan = torch.stack([last, torch.full_like(last, count * _SEGMENTS), last.roll(-1)], dim=-1)
    faces = torch.cat([sides, fan]).flip(-1)
    uvs = torch.stack([0.5 + vertices[:, 0] / shape.width, _v_of_rows(_SEGMENTS)], dim=-1)
    return Surface(vertices=vertices, faces=faces, uvs=uvs.clamp(0, 1), uv_faces=faces)


def _v_of_rows(segments: int) -> Float[Tensor, " points"]:
    sides = torch.tensor(_RINGS, dtype=torch.float64).clamp_max(1) * (1 - END_V) + END_V
    ends = torch.tensor(_END_RINGS, dtype=torch.float64) * END_V
    rows = torch.cat([sides, ends]).repeat_interleave(segments)
    return torch.cat([rows, rows.new_zeros(1)])


def _ring(
    shape: CrownShape, height: float, scale: float, angles: Float[Tensor, " segments"]
) -> Float[Tensor, "segments 3"]:
    """Return one cross-section: a superellipse at this share of the height, shrunk by `scale`."""
    back_tooth = shape.cusps > 0
    above = min(height, 1.0)
    # Neighbours touch over the half towards the end; narrowing to the neck; corners rounded off.
    waist = ((above - CONTACT) / (1 - CONTACT)) if above > CONTACT else 0.0
    rounding = 0.04 * max(0.0, 1 - above / 0.25) ** 2
    width = shape.width * (1 - (1 - shape.neck) * waist**1.5 - rounding)
    taper = above**0.62 if not back_tooth else min(1.0, above / 0.45) ** 0.6
    depth = shape.depth * (shape.edge + (1 - shape.edge) * taper)
    depth *= 1 - 0.14 * max(0.0, above - 0.6) / 0.4
    power = 2 / (3.0 if back_tooth else 2.5)
    x = width / 2 * scale * _signed_power(angles.cos(), power)
    z = depth / 2 * scale * _signed_power(angles.sin(), power)
    z = z + _facial(shape, above) - depth / 2
    y = torch.full_like(x, shape.height * height) + _end(shape, x, z, above)
    return torch.stack([x, y, z], dim=-1)


def _signed_power(values: Float[Tensor, " n"], power: float) -> Float[Tensor, " n"]:
    return values.sign() * values.abs() ** power


def _facial(shape: CrownShape, above: float) -> float:
    """Return how far the facial surface stands out at this height: gently curved, the neck in."""
    bulge = 0.09 if shape.cusps > 0 else 0.05
    return shape.depth * (0.5 - bulge * ((above - 0.62) / 0.62) ** 2)


def _end(
    shape: CrownShape, x: Float[Tensor, " n"], z: Float[Tensor, " n"], above: float
) -> Float[Tensor, " n"]:
    """Return how far points of the incisal end recede towards the root: edges and cusps."""
    across = 2 * x / shape.width
    fade = max(0.0, 1 - above / 0.5) ** 1.5
    distal = across.clamp_min(0) ** 2 * shape.corner
    sloped = across.abs() ** 1.3 * shape.point
    deep = 2 * z / shape.depth
    ridges = (1 - deep.abs().clamp_max(1)) ** 2 * shape.cusps
    notch = torch.exp(-((across / 0.35) ** 2)) * shape.cusps * 0.45
    rim = (deep.abs() - 0.55).clamp_min(0) * shape.cusps * 0.8
    return fade * (distal + sloped + ridges + notch * (shape.cusps > 0) + rim)
