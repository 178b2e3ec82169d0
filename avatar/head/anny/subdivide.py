"""Catmull-Clark subdivision of quads as one linear map of vertex data."""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from scipy import sparse
from torch import Tensor

from avatar.head.anny.linear_map import linear_map


@dataclass(frozen=True, kw_only=True)
class QuadMesh:
    """Quads over vertices and, corner by corner, over uvs; `mirror` maps vertices across x = 0."""

    quads: Int[Tensor, "quads 4"]
    uv_quads: Int[Tensor, "quads 4"]
    mirror: Int[Tensor, " verts"]


@dataclass(frozen=True, kw_only=True)
class Subdivision:
    """One level: the fine mesh and the sparse maps that take coarse data to it.

    `smooth` (fine x coarse vertices) are the Catmull-Clark rules, with cubic B-spline rules along
    open boundaries; `linear` averages edge ends and quad corners and keeps coarse vertices;
    `uv_linear` does so for uvs. Fine vertices are the coarse ones, then edges, then quads; each
    coarse quad becomes four, first corner first.
    """

    mesh: QuadMesh
    smooth: sparse.csr_array
    linear: sparse.csr_array
    uv_linear: sparse.csr_array


def subdivide(mesh: QuadMesh, uv_count: int) -> Subdivision:
    """Split every quad in four (Catmull and Clark 1978, boundaries as in DeRose et al. 1998)."""
    count = len(mesh.mirror)
    edges, edge_of = _edges(mesh.quads, count)
    uv_edges, uv_edge_of = _edges(mesh.uv_quads, uv_count)
    linear = _linear(count, edges, mesh.quads)
    return Subdivision(
        mesh=QuadMesh(
            quads=_split(mesh.quads, edge_of, count, len(edges)),
            uv_quads=_split(mesh.uv_quads, uv_edge_of, uv_count, len(uv_edges)),
            mirror=_mirror(mesh, edges),
        ),
        smooth=_smooth(mesh.quads, edges, edge_of, linear, count),
        linear=linear,
        uv_linear=_linear(uv_count, uv_edges, mesh.uv_quads),
    )


def _edges(
    quads: Int[Tensor, "quads 4"], count: int
) -> tuple[Int[Tensor, "edges 2"], Int[Tensor, "quads 4"]]:
    """Return the edges (low, high) and for each quad the edge that leaves each corner."""
    ends = torch.stack([quads, quads.roll(-1, 1)], -1).sort(-1).values
    keys, edge_of = (ends[..., 0] * count + ends[..., 1]).unique(return_inverse=True)
    return torch.stack([keys // count, keys % count], -1), edge_of


def _split(
    quads: Int[Tensor, "quads 4"], edge_of: Int[Tensor, "quads 4"], count: int, edge_count: int
) -> Int[Tensor, "fine_quads 4"]:
    ahead = count + edge_of
    centre = (count + edge_count + torch.arange(len(quads)))[:, None].expand(-1, 4)
    return torch.stack([quads, ahead, centre, ahead.roll(1, 1)], -1).flatten(0, 1)


def _linear(
    count: int, edges: Int[Tensor, "edges 2"], quads: Int[Tensor, "quads 4"]
) -> sparse.csr_array:
    rows = torch.cat(
        [
            torch.arange(count),
            count + torch.arange(len(edges)).repeat_interleave(2),
            count + len(edges) + torch.arange(len(quads)).repeat_interleave(4),
        ]
    )
    columns = torch.cat([torch.arange(count), edges.flatten(), quads.flatten()])
    values = torch.cat(
        [torch.ones(count), torch.full((edges.numel(),), 0.5), torch.full((quads.numel(),), 0.25)]
    )
    return linear_map(rows, columns, values.double(), (count + len(edges) + len(quads), count))


def _smooth(
    quads: Int[Tensor, "quads 4"],
    edges: Int[Tensor, "edges 2"],
    edge_of: Int[Tensor, "quads 4"],
    linear: sparse.csr_array,
    count: int,
) -> sparse.csr_array:
    """Build the vertex and edge rules from the averages `linear` already holds.

    Edge point: the mean of the edge's middle and its quads' centres' mean. Vertex point of valence
    n: (F + 2 R + (n - 3) V) / n with F and R the means of the quads' centres and edges' middles.
    """
    edge_count = len(edges)
    quad_ids = torch.arange(len(quads)).repeat_interleave(4)
    sides = torch.zeros(edge_count, dtype=torch.float64)
    sides.index_add_(0, edge_of.flatten(), torch.ones(quads.numel(), dtype=torch.float64))
    inner_edge = sides == 2
    rim_edges = edges[~inner_edge]
    on_rim = torch.zeros(count, dtype=torch.bool)
    on_rim[rim_edges.flatten()] = True
    valence = torch.zeros(count, dtype=torch.float64)
    valence.index_add_(0, edges.flatten(), torch.ones(edges.numel(), dtype=torch.float64))
    n = valence.clamp_min(1)

    builder = _Rows()
    # Interior vertices.
    own = torch.arange(count)
    builder.add(own, own, torch.where(on_rim, 0.75, torch.where(valence > 0, (n - 3) / n, 1.0)))
    corner, corner_edge = quads.flatten(), edges.flatten()
    builder.add(corner, count + edge_count + quad_ids, (~on_rim / n**2)[corner])
    edge_ids = torch.arange(edge_count).repeat_interleave(2)
    builder.add(corner_edge, count + edge_ids, (~on_rim * 2 / n**2)[corner_edge])
    # Vertices of an open rim: (1, 6, 1) / 8.
    builder.add(
        rim_edges.flatten(), rim_edges.flip(1).flatten(), torch.full((rim_edges.numel(),), 0.125)
    )
    # Edges and quads.
    edge_rows = count + torch.arange(edge_count)
    builder.add(edge_rows, edge_rows, torch.where(inner_edge, 0.5, 1.0))
    builder.add(
        count + edge_of.flatten(),
        count + edge_count + quad_ids,
        torch.where(inner_edge, 0.25, 0.0)[edge_of.flatten()],
    )
    quad_rows = count + edge_count + torch.arange(len(quads))
    builder.add(quad_rows, quad_rows, torch.ones(len(quads)))
    return builder.matrix(count + edge_count + len(quads)) @ linear


class _Rows:
    """Collects the entries of a square sparse matrix."""

    def __init__(self) -> None:
        self._parts: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, rows: Tensor, columns: Tensor, values: Tensor) -> None:
        self._parts.append((rows, columns, values.double()))

    def matrix(self, size: int) -> sparse.csr_array:
        rows, columns, values = (torch.cat(parts) for parts in zip(*self._parts, strict=True))
        return linear_map(rows, columns, values, (size, size))


def _mirror(mesh: QuadMesh, edges: Int[Tensor, "edges 2"]) -> Int[Tensor, " fine"]:
    count = len(mesh.mirror)
    mirrored = mesh.mirror[edges].sort(1).values
    edge_mirror = torch.searchsorted(
        edges[:, 0] * count + edges[:, 1], mirrored[:, 0] * count + mirrored[:, 1]
    )
    keys = mesh.quads.sort(1).values
    flipped = mesh.mirror[mesh.quads].sort(1).values
    order = {tuple(key): index for index, key in enumerate(keys.tolist())}
    quad_mirror = torch.tensor([order[tuple(key)] for key in flipped.tolist()])
    return torch.cat([mesh.mirror, count + edge_mirror, count + len(edges) + quad_mirror])
