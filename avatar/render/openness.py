"""How much light gets to each vertex: from the whole sky, and from one lamp."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.render.light import Lamp
from avatar.render.parallel_depths import parallel_depths

_SKY_DIRECTIONS, _SKY_SIZE = 24, 144
_LAMP_DIRECTIONS_PER_RADIAN, _LAMP_SIZE = 50, 256
"""Directions light is followed along, and pixels across the depth map of each."""

_TERMINATOR = 0.2
"""Cosine to a lamp under which its shadow gives way to the cosine law."""


def openness(
    vertices: Float[Tensor, "verts 3"],
    normals: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
) -> Float[Tensor, " verts"]:
    """Return the cosine-weighted share of the sky that no triangle hides from each vertex.

    Averaged with the neighbours, to hide that the directions are few. Vertices without a
    triangle count as open.
    """
    directions = sphere_directions(_SKY_DIRECTIONS, vertices)
    cosines = (directions @ normals.T).clamp_min(0)
    seen = _seen(vertices, normals, faces, directions, _SKY_SIZE)
    total = cosines.sum(0)
    share = (cosines * seen).sum(0) / total.clamp_min(1e-6)
    return with_neighbours(torch.where(total > 1e-3, share, torch.ones_like(share)), faces)


def lamp_share(
    vertices: Float[Tensor, "verts 3"],
    normals: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    lamp: Lamp,
) -> Float[Tensor, " verts"]:
    """Return the share of a lamp's disc that no triangle hides from each vertex.

    Followed along several directions across the lamp, so that shadows soften with distance as
    they do in a studio. At and behind the terminator the share is 1: there the cosine law rules.
    """
    directions = _cone(lamp, max(4, round(_LAMP_DIRECTIONS_PER_RADIAN * lamp.radius)))
    hidden = 1 - _seen(vertices, normals, faces, directions, _LAMP_SIZE).mean(0)
    facing = (normals @ lamp.direction / _TERMINATOR).clamp(0, 1)
    return 1 - with_neighbours(hidden, faces) * facing


def _seen(
    vertices: Float[Tensor, "verts 3"],
    normals: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    directions: Float[Tensor, "directions 3"],
    size: int,
) -> Float[Tensor, "directions verts"]:
    """Return 1 for vertices that light from a direction reaches, else 0."""
    if not len(faces):
        return vertices.new_ones(len(directions), len(vertices))
    depths = parallel_depths(vertices, faces, directions, size)
    return depths.sees(vertices, normals).to(vertices.dtype)


def sphere_directions(count: int, like: Tensor) -> Float[Tensor, "count 3"]:
    """Return evenly spread unit vectors (a Fibonacci lattice)."""
    index = torch.arange(count, device=like.device, dtype=like.dtype) + 0.5
    height = 1 - 2 * index / count
    turn = math.pi * (1 + math.sqrt(5)) * index
    radius = (1 - height * height).sqrt()
    return torch.stack([radius * turn.cos(), height, radius * turn.sin()], -1)


def _cone(lamp: Lamp, count: int) -> Float[Tensor, "count 3"]:
    """Return unit vectors evenly spread over a lamp's disc (Vogel's spiral)."""
    helper = torch.zeros_like(lamp.direction)
    helper[int(lamp.direction.abs().argmin())] = 1
    across = torch.nn.functional.normalize(torch.linalg.cross(helper, lamp.direction), dim=0)
    up = torch.linalg.cross(lamp.direction, across)
    index = torch.arange(count, device=helper.device, dtype=helper.dtype)
    radius = math.tan(lamp.radius) * ((index + 0.5) / count).sqrt()[:, None]
    turn = index[:, None] * (math.pi * (3 - math.sqrt(5)))
    aside = radius * (turn.cos() * across + turn.sin() * up)
    return torch.nn.functional.normalize(lamp.direction + aside, dim=-1)


def with_neighbours(values: Float[Tensor, " verts"], faces: Int[Tensor, "faces 3"]) -> Tensor:
    """Average each vertex with its neighbours, twice."""
    return smoothed(values[:, None], faces)[:, 0]


def smoothed(
    values: Float[Tensor, "verts channels"], faces: Int[Tensor, "faces 3"], rounds: int = 2
) -> Float[Tensor, "verts channels"]:
    """Average each vertex with its neighbours, several times over."""
    start, end = faces[:, [0, 1, 2, 1, 2, 0]].reshape(-1), faces[:, [1, 2, 0, 0, 1, 2]].reshape(-1)
    ones = torch.ones_like(values[:, :1])
    count = ones.index_add(0, start, ones[end])
    for _ in range(rounds):
        values = values.index_add(0, start, values[end]) / count
    return values
