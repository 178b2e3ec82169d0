"""The lids' rims in the base mesh: closed rings of vertices around each eye opening.

MakeHuman's base mesh runs its quads in 28 columns around the eye. Ring 0 is the rims' inner edge,
where the skin turns into the socket; ring 3 is the front edge, where lashes grow; further rings
lie on the lids' outside.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.errors import ModelError
from avatar.head.anny.source import AnnySource

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

RING_COLUMNS = 28
INNER_EDGE = 0
CONTACT_RINGS = (1, 2)
FRONT_EDGE = 3
UPPER_COLUMNS = (25, 26, 27, 0, 1, 2, 3, 4, 5, 6)
LOWER_COLUMNS = (19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9)
INNER_CORNER_COLUMNS = (20, 21, 22, 23, 24)
OUTER_CORNER_COLUMNS = (7, 8)

# Where the walk starts, on the left eye: the middle of the upper lid, from the inner edge outwards.
_COLUMN_START = (7774, 7748)
_NEXT_COLUMN = 7773
_RINGS = 7


@dataclass(frozen=True, kw_only=True)
class LidRim:
    """Rings of one eye's lids, inside out; columns run over the upper lid towards the temple."""

    rings: Int[Tensor, "rings 28"]


def lid_rim(source: AnnySource, side: Side) -> LidRim:
    """Return the rings of that eye's lids as source vertices.

    Raises ModelError if the mesh is not laid out in rings, i.e. not MakeHuman's base mesh.
    """
    faces_at = _faces_by_vertex(source)
    column = _straight_walk(faces_at, *_COLUMN_START, steps=_RINGS)
    neighbour = _NEXT_COLUMN
    rings: list[list[int]] = []
    for here, outwards in pairwise(column):
        ring = _straight_walk(faces_at, here, neighbour, steps=RING_COLUMNS)
        if len(set(ring)) != RING_COLUMNS:
            raise ModelError("base.obj: expected rings of 28 vertices around the eye")
        rings.append(ring)
        neighbour = _across(faces_at, here, outwards, neighbour)
    indices = torch.tensor(rings)
    return LidRim(rings=indices if side == "left" else source.mirror[indices])


def _faces_by_vertex(source: AnnySource) -> dict[int, list[list[int]]]:
    faces_at: defaultdict[int, list[list[int]]] = defaultdict(list)
    for quad in source.group("body").quads.tolist():
        for vertex in quad:
            faces_at[vertex].append(quad)
    return faces_at


def _neighbours(quad: list[int], vertex: int) -> set[int]:
    at = quad.index(vertex)
    return {quad[at - 1], quad[(at + 1) % len(quad)]}


def _straight_walk(
    faces_at: dict[int, list[list[int]]], first: int, second: int, *, steps: int
) -> list[int]:
    """Follow a line of edges, leaving each vertex by the edge opposite the one it came in by."""
    path = [first, second]
    while len(path) < steps + 1:
        came, here = path[-2:]
        beside: set[int] = set()
        for quad in faces_at[here]:
            if came in quad:
                beside |= _neighbours(quad, here)
        ahead = {v for quad in faces_at[here] for v in _neighbours(quad, here)} - beside
        if len(ahead) != 1:
            raise ModelError(f"base.obj: vertex {here} has {len(ahead)} edges ahead, expected 1")
        path.append(ahead.pop())
    return path[:steps] if path[steps] == first else path


def _across(faces_at: dict[int, list[list[int]]], here: int, outwards: int, beside: int) -> int:
    """Return the vertex next to `outwards` in the quad that also holds `here` and `beside`."""
    for quad in faces_at[here]:
        if outwards in quad and beside in quad:
            return next(v for v in quad if v not in (here, outwards, beside))
    raise ModelError(f"base.obj: no quad joins vertices {here}, {outwards} and {beside}")


def on_lid(
    rim: LidRim, ring: Float[Tensor, " points"], column: Float[Tensor, " points"]
) -> tuple[Int[Tensor, "points 16"], Float[Tensor, "points 16"]]:
    """Return source vertices and weights of points of the smooth lid at these grid coordinates.

    The lids are a regular grid of quads there, so the limit of Catmull-Clark subdivision is the
    uniform cubic B-spline surface over rings (1 to rings - 2) and columns (periodic).
    """
    ring_start, ring_weights = _spline(ring)
    column_start, column_weights = _spline(column)
    steps = torch.arange(-1, 3)
    rows = (ring_start[:, None] + steps).clamp(0, len(rim.rings) - 1)
    columns = torch.remainder(column_start[:, None] + steps, RING_COLUMNS)
    drivers = rim.rings[rows[:, :, None], columns[:, None, :]]
    weights = ring_weights[:, :, None] * column_weights[:, None, :]
    return drivers.flatten(1), weights.flatten(1)


def _spline(
    coordinate: Float[Tensor, " points"],
) -> tuple[Int[Tensor, " points"], Float[Tensor, "points 4"]]:
    """Return the knot below each coordinate and the cubic B-spline's four weights around it."""
    start = coordinate.floor()
    t = coordinate - start
    weights = torch.stack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], dim=-1
    )
    return start.long(), weights / 6
