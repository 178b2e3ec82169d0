"""Unroll the outside of the head onto a rectangle of the skin's texture.

The outside is cut along the back's middle from the crown down to the rim: the crown lies at the
middle of the top edge, the cut runs along the rest of the top and both sides, the rim along the
bottom. Parts that matter get more texels than their area's share. Only the left half is flattened;
the right half is its mirror image.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy import sparse
from scipy.sparse.linalg import spsolve
from torch import Tensor

from avatar.core.errors import ModelError
from avatar.head.anny.flatten import FlattenProblem, flat_rest_shapes, flatten

_ITERATIONS = 30
# Share of the cut's length, from the crown, that runs along the top edge.
_TOP_SHARE = 0.45
# How far the rim bulges below a straight line, so that no quad along it is degenerate.
_RIM_BULGE = 0.03
# Triangles that span the openings of mouth and eye keep their edges from crossing, no more.
_SPAN_IMPORTANCE = 0.02
_CORNERS = np.array(((0, 1, 3), (1, 2, 0), (2, 3, 1), (3, 0, 2)))


@dataclass(frozen=True, kw_only=True)
class HalfOutside:
    """The left half of the head's outside and its border.

    `front` runs down the middle from the crown to the rim, leaving out the mouth; `back` runs down
    the back likewise; `rim` from front to back. They share their end vertices. `holes` run along
    the mouth's opening, from the upper lip's middle to the lower's, and round the eye's, closed,
    with the surface on the left.
    """

    quads: Int[np.ndarray, "quads 4"]
    front: Int[np.ndarray, " front"]
    back: Int[np.ndarray, " back"]
    rim: Int[np.ndarray, " rim"]
    holes: tuple[Int[np.ndarray, " _"], ...]


def half_outside(
    points: Float[Tensor, "verts 3"],
    outside: Int[Tensor, "quads 4"],
    mirror: Int[Tensor, " verts"],
    rim: Int[Tensor, " all_rim"],
) -> HalfOutside:
    """Take the quads on the subject's left and sort their border.

    Raises ModelError where the border is not one closed loop.
    """
    x = points[:, 0]
    quads = outside[x[outside].mean(1) > 0].numpy()
    middle = (mirror == torch.arange(len(mirror))).numpy()
    *holes, loop = _border_loops(quads)
    back_end = next(i for i, v in enumerate(loop) if v == int(rim[len(rim) // 2]))
    loop = np.roll(loop, -back_end)
    # Counter-clockwise from outside: up the back, over the crown, down the front, along the rim.
    if not middle[loop[1]]:
        raise ModelError("base.obj: expected quads wound counter-clockwise seen from outside")
    front_end = int(np.flatnonzero(loop == int(rim[0]))[0])
    crown = int(np.argmax(np.where(middle[loop], points.numpy()[loop, 1], -np.inf)))
    front = loop[crown : front_end + 1]
    lips = np.flatnonzero(~middle[front])
    return HalfOutside(
        quads=quads,
        back=loop[: crown + 1][::-1],
        front=front[middle[front]],
        holes=(front[lips[0] - 1 : lips[-1] + 2], *(np.append(hole, hole[0]) for hole in holes)),
        rim=np.append(loop[front_end:], loop[0]),
    )


def unroll(
    points: Float[Tensor, "verts 3"],
    half: HalfOutside,
    density: Float[Tensor, " verts"],
    size: tuple[float, float],
) -> Float[Tensor, "verts 2"]:
    """Return (u, v) of the half's vertices in a rectangle of that width and height, v upwards.

    u runs from the front's middle outwards. `density` is the wanted resolution per metre up to a
    common factor. All four corners of every quad stay convex, so it can be split and subdivided
    either way without a fold. Other vertices get zero.
    """
    count = len(points)
    triangles = half.quads[:, _CORNERS].reshape(-1, 3)
    wanted = density.numpy()[half.quads].mean(1).repeat(4)
    rest = flat_rest_shapes(points.numpy()[triangles]) * wanted[:, None, None]
    # The four corner triangles cover each quad twice.
    scale = np.sqrt(size[0] * size[1] / ((rest[:, 1, 0] * rest[:, 2, 1]).sum() / 4))
    border, held = _border(points.numpy(), half, density.numpy(), size)
    start = _barycentric_start(half, border)

    spans = [_span(hole, centre) for centre, hole in enumerate(half.holes, start=count)]
    middles = np.array([start[hole].mean(0) for hole in half.holes])
    middles[0] = start[half.holes[0][[0, -1]]].mean(0)
    span = np.concatenate(spans)
    edges = np.linalg.norm(np.diff(points.numpy()[span[:, :2]], axis=1)[:, 0], axis=1)
    span_rest = _upright_triangles(edges * density.numpy()[span[:, 0]])

    used = np.concatenate([np.unique(half.quads), count + np.arange(len(spans))])
    compact = np.full(count + len(spans), -1)
    compact[used] = np.arange(len(used))
    middle_held = np.zeros((len(spans), 2), dtype=bool)
    middle_held[0, 0] = True
    importance = np.ones(len(triangles) + len(span))
    importance[len(triangles) :] = _SPAN_IMPORTANCE
    problem = FlattenProblem(
        triangles=compact[np.concatenate([triangles, span])],
        rest=np.concatenate([rest, span_rest]) * scale,
        importance=importance,
        held=np.concatenate([held, middle_held])[used],
    )
    uv = np.zeros((count + len(spans), 2))
    uv[used] = flatten(problem, np.concatenate([start, middles])[used], _ITERATIONS)
    return torch.from_numpy(uv[:count])


def _span(hole: Int[np.ndarray, " hole"], middle: int) -> Int[np.ndarray, "edges 3"]:
    """Return the triangles from a hole's edges to a vertex in its middle."""
    ahead = hole[1:]
    return np.stack([ahead, hole[:-1], np.full(len(ahead), middle)], axis=1)


def _upright_triangles(widths: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 3 2"]:
    """Return triangles of these base widths, as high as they are wide."""
    unit = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]])
    return widths[:, None, None] * unit


def _border_loops(quads: Int[np.ndarray, "quads 4"]) -> list[Int[np.ndarray, " _"]]:
    """Return the border's loops, the longest last, with the surface on their left."""
    edges = np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2).tolist()
    directed = {(a, b) for a, b in edges}
    following = {a: b for a, b in directed if (b, a) not in directed}
    loops: list[list[int]] = []
    while following:
        start, ahead = following.popitem()
        loop = [start]
        while ahead != start:
            loop.append(ahead)
            ahead = following.pop(ahead)
        loops.append(loop)
    return [np.array(loop) for loop in sorted(loops, key=len)]


def _border(
    points: Float[np.ndarray, "verts 3"],
    half: HalfOutside,
    density: Float[np.ndarray, " verts"],
    size: tuple[float, float],
) -> tuple[Float[np.ndarray, "verts 2"], Bool[np.ndarray, "verts 2"]]:
    """Return start positions of the border's vertices, others nan, and the coordinates to hold."""
    width, height = size
    uv = np.full((len(points), 2), np.nan)
    held = np.zeros((len(points), 2), dtype=bool)
    along = _arc(points, half.rim, density)
    uv[half.rim, 0] = along * width
    uv[half.rim, 1] = _RIM_BULGE * height * (1 - 4 * along * (1 - along))
    held[half.rim, 1] = True
    uv[half.front, 0] = 0
    low = _RIM_BULGE * height
    uv[half.front, 1] = height - _arc(points, half.front, density) * (height - low)
    held[half.front, 0] = True
    along = _arc(points, half.back, density)
    turn = int(np.argmin(np.abs(along - _TOP_SHARE)))
    top, side = half.back[: turn + 1], half.back[turn:]
    uv[top, 0] = along[: turn + 1] / along[turn] * width
    uv[top, 1] = height
    held[top, 1] = True
    uv[side, 0] = width
    uv[side, 1] = low + (1 - along[turn:]) / (1 - along[turn]) * (height - low)
    held[side, 0] = True
    return uv, held


def _arc(
    points: Float[np.ndarray, "verts 3"],
    path: Int[np.ndarray, " path"],
    density: Float[np.ndarray, " verts"],
) -> Float[np.ndarray, " path"]:
    """Return the share of the path's length, in wanted texels, up to each of its vertices."""
    lengths = np.linalg.norm(np.diff(points[path], axis=0), axis=1)
    lengths = lengths * (density[path][1:] + density[path][:-1])
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    return total / total[-1]


def _barycentric_start(
    half: HalfOutside, border: Float[np.ndarray, "verts 2"]
) -> Float[np.ndarray, "verts 2"]:
    """Put every inner vertex at its neighbours' mean: convex faces in a convex border (Tutte)."""
    quads = half.quads
    rows = np.concatenate([quads.ravel(), np.roll(quads, -1, 1).ravel()])
    columns = np.concatenate([np.roll(quads, -1, 1).ravel(), quads.ravel()])
    shape = (len(border), len(border))
    adjacency = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    adjacency.data[:] = 1
    known = ~np.isnan(border[:, 0])
    inner = np.setdiff1d(np.unique(quads), np.flatnonzero(known))
    laplacian = sparse.diags_array(adjacency.sum(1)) - adjacency
    laplacian = sparse.csr_array(laplacian)
    right = -(laplacian[inner][:, np.flatnonzero(known)] @ border[known])
    start = np.nan_to_num(border)
    start[inner] = spsolve(sparse.csc_array(laplacian[inner][:, inner]), right)
    return start
