"""The moist tissue between lids and eyeball: a closed strip that thickens to the caruncle."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.anny.source import AnnySource
from avatar.head.parts.binding import bound_by_weights
from avatar.head.parts.eyeball import EYEBALL_RADIUS
from avatar.head.parts.eyes import centre_of_ball, contact_points
from avatar.head.parts.part import PartGeometry
from avatar.head.parts.rims import (
    INNER_CORNER_COLUMNS,
    OUTER_CORNER_COLUMNS,
    RING_COLUMNS,
    SIDES,
    LidRim,
    Side,
    lid_rim,
    on_lid,
)
from avatar.head.parts.surface import grid_faces

COLUMNS = 2 * RING_COLUMNS
_INNER_CORNER = INNER_CORNER_COLUMNS[len(INNER_CORNER_COLUMNS) // 2]
CARUNCLE_U = _INNER_CORNER / RING_COLUMNS
# Rows from the lid to the ball: which ring of the lid they start from and how far they stand from
# there towards the opening, metres.
_ROWS = ((2.1, -0.0004), (1.65, 0.0), (1.4, 0.0001))
# The last rows lie on the ball and just under its surface: so far towards the opening from the
# ring named first, and so far under the surface.
_BALL_RING = 1.25
_BALL_ROWS = ((0.0001, -0.00002), (0.0001, 0.0018))
# How much of its lid's motion each row makes; the rest is the ball's.
ROW_SHARES = (1.0, 1.0, 0.8, 0.25, 0.0)
# In the middle of the lids the strip stays back behind the rims: it must not cover the iris.
_STAY_BACK = 0.0006
_CORNER_COLUMNS = 4.5
_CARUNCLE_HEIGHT = 0.0011
_CARUNCLE_COLUMNS = 2.0


def build_conjunctivas(
    source: AnnySource, reference: Float[Tensor, "verts 3"]
) -> tuple[PartGeometry, PartGeometry]:
    """Return `conjunctiva_left` and `conjunctiva_right` on the reference head.

    They hide what shows of the sockets between lids and ball, at the corners and from the side.
    """
    left, right = (_side(source, reference, side) for side in SIDES)
    return left, right


def row_shares() -> Float[Tensor, " points"]:
    """Return for each vertex how much of the lid's motion it makes."""
    return torch.tensor(ROW_SHARES, dtype=torch.float64).repeat_interleave(COLUMNS)


def _shares_in_expressions() -> Float[Tensor, "52 points"]:
    """Return how much of the lid's motion each vertex makes in each expression.

    When an eye looks aside the lids go with the iris: tissue that stayed behind would cover it.
    """
    shares = row_shares().repeat(len(ARKIT_INDEX), 1)
    for name, index in ARKIT_INDEX.items():
        if name.startswith("eyeLook"):
            shares[index] = 1.0
    return shares


def _side(source: AnnySource, reference: Float[Tensor, "verts 3"], side: Side) -> PartGeometry:
    rim = lid_rim(source, side)
    centre = centre_of_ball(contact_points(reference, rim), EYEBALL_RADIUS)
    column = torch.arange(COLUMNS, dtype=torch.float64) / 2
    vertices = torch.cat(_rows(reference, rim, centre, column))
    faces = grid_faces(len(ROW_SHARES), COLUMNS, closed=True)
    if side == "right":
        faces = faces.flip(-1)
    rings = torch.tensor([row[0] for row in _ROWS] + [_BALL_RING] * len(_BALL_ROWS))
    drivers, weights = on_lid(
        rim, rings.double().repeat_interleave(COLUMNS), column.repeat(len(rings))
    )
    moved = (source.expressions[:, drivers] * weights[..., None]).sum(-2)
    uv_faces = grid_faces(len(ROW_SHARES), COLUMNS + 1)
    return PartGeometry(
        name=f"conjunctiva_{side}",
        material="conjunctiva",
        vertices=vertices,
        faces=faces,
        uvs=_uvs(),
        uv_faces=uv_faces if side == "left" else uv_faces.flip(-1),
        binding=bound_by_weights(drivers, weights, len(reference)),
        expression=moved * _shares_in_expressions()[..., None],
        joint="head",
    )


def _uvs() -> Float[Tensor, "uvs 2"]:
    """Return u once round the eye from the middle of the upper lid, v from the lid to the ball."""
    u = torch.linspace(0, 1, COLUMNS + 1, dtype=torch.float64)
    v = torch.linspace(0, 1, len(ROW_SHARES), dtype=torch.float64)
    return torch.cartesian_prod(v, u).flip(-1)


def _rows(
    reference: Float[Tensor, "verts 3"],
    rim: LidRim,
    centre: Float[Tensor, "3"],
    column: Float[Tensor, " columns"],
) -> list[Float[Tensor, "columns 3"]]:
    """Return the strip's rows of points, from the lid to under the ball's surface."""

    def lid(ring: float, shift: float = 0.0) -> Float[Tensor, "columns 3"]:
        drivers, weights = on_lid(rim, torch.full_like(column, ring), column + shift)
        return (reference[drivers] * weights[..., None]).sum(1)

    along = lid(1.8, 0.5) - lid(1.8, -0.5)
    ahead = along.new_tensor([0.0, 0.0, 1.0])
    inwards = normalize(torch.linalg.cross(along, ahead.expand_as(along)), dim=-1)
    towards_middle = lid(1.8).mean(0) - lid(1.8)
    inwards = inwards * (inwards * towards_middle).sum(-1, keepdim=True).sign()
    swelling = _caruncle(column)[:, None]
    back = _STAY_BACK * (1 - _near_corners(column))[:, None]
    rows: list[Tensor] = []
    for number, (ring, step) in enumerate(_ROWS):
        bulge = swelling * (0.0, 0.7, 1.0)[number]
        offset = (step - back * (number > 0)) * inwards
        rows.append(lid(ring) + offset + bulge * (0.5 * inwards + ahead))
    for number, (step, depth) in enumerate(_BALL_ROWS):
        direction = normalize(
            lid(_BALL_RING) + (step + 0.5 * swelling - back) * inwards - centre, dim=-1
        )
        height = EYEBALL_RADIUS - depth + swelling * (0.35, 0.0)[number]
        rows.append(centre + height * direction)
    return rows


def _near_corners(column: Float[Tensor, " columns"]) -> Float[Tensor, " columns"]:
    """Return 1 at the eye's corners, falling to 0 towards the middle of the lids."""
    outer = sum(OUTER_CORNER_COLUMNS) / len(OUTER_CORNER_COLUMNS)
    nearest = torch.minimum(_columns_from(column, outer), _columns_from(column, _INNER_CORNER))
    return (1 + torch.cos((nearest / _CORNER_COLUMNS).clamp(0, 1) * math.pi)) / 2


def _columns_from(column: Float[Tensor, " columns"], middle: float) -> Float[Tensor, " columns"]:
    half = RING_COLUMNS / 2
    return (torch.remainder(column - middle + half, RING_COLUMNS) - half).abs()


def _caruncle(column: Float[Tensor, " columns"]) -> Float[Tensor, " columns"]:
    """Return how far the tissue swells: a small hill at the inner corner, metres."""
    share = (_columns_from(column, _INNER_CORNER) / _CARUNCLE_COLUMNS).clamp(0, 1)
    return _CARUNCLE_HEIGHT * (1 + torch.cos(share * math.pi)) / 2
