"""Smooth outlines for a rasterised picture, and with them gradients of where the outlines are."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops.antialias_native import antialias_natively
from avatar.ops.native import runs_natively
from avatar.ops.projected_mesh import MeshEdges, ProjectedMesh
from avatar.ops.rasterize_mesh import PIXEL_LIMIT, MeshFragments

DEPTH_MARGIN = 1e-3
"""What lies behind an outline is further away by at least this, relatively."""


@dataclass(frozen=True, kw_only=True)
class _Crossings:
    """Where outlines pass between the centres of two neighbouring pixels.

    `inner` is the pixel (row * width + column) on the mesh's side, `outer` the other;
    `distance` is from the inner one's centre to the outline, in pixels.
    """

    inner: Int[Tensor, " crossings"]
    outer: Int[Tensor, " crossings"]
    distance: Float[Tensor, " crossings"]


def antialias(
    picture: Float[Tensor, "height width channels"],
    fragments: MeshFragments,
    mesh: ProjectedMesh,
    edges: MeshEdges,
) -> Float[Tensor, "height width channels"]:
    """Return `picture` with its outlines blended by how much of the pixels they cover.

    Outlines are edges that one triangle has to itself, or whose two triangles face opposite ways.
    Each is walked along its longer side: where it passes between two pixels the one whose centre
    it lies nearer to takes that part of the other's colour which the edge, taken for straight,
    covers. Edges are walked, not pixels: triangles smaller than a pixel do not own the edges of
    their outline, and looking at pairs of pixels would miss most of them. An edge counts where the
    pixel beyond it is further away than the edge itself; between the same two pixels the nearest
    one does.

    Differentiable in `picture` and in `mesh.pixels`: this is where silhouettes get their gradients
    from.

    Raises:
        OptionError: arguments of sizes that do not belong together.
    """
    _check(picture, fragments, mesh, edges)
    if runs_natively(picture, fragments.depths, mesh.pixels, mesh.depths, mesh.faces, edges.verts):
        return antialias_natively(picture, fragments.depths, mesh, edges)
    return antialias_reference(picture, fragments, mesh, edges)


def antialias_reference(
    picture: Float[Tensor, "height width channels"],
    fragments: MeshFragments,
    mesh: ProjectedMesh,
    edges: MeshEdges,
) -> Float[Tensor, "height width channels"]:
    """Do what `antialias` does, in torch on any device; the definition of the op."""
    _check(picture, fragments, mesh, edges)
    height, width = picture.shape[:2]
    outlines = _outlines(mesh, edges).nonzero()[:, 0]
    sideways = _crossings(fragments.depths, mesh, edges, outlines, along=1)
    downwards = _crossings(fragments.depths, mesh, edges, outlines, along=0)
    colours = picture.reshape(height * width, -1)
    result = colours
    for crossings in (sideways, downwards):
        inner, outer = colours[crossings.inner], colours[crossings.outer]
        cover = (crossings.distance - 0.5).to(picture.dtype)[:, None]
        place = torch.where(cover[:, 0] > 0, crossings.outer, crossings.inner)
        result = result.index_add(0, place, cover * (inner - outer))
    return result.reshape(picture.shape)


def _check(
    picture: Tensor, fragments: MeshFragments, mesh: ProjectedMesh, edges: MeshEdges
) -> None:
    size = fragments.triangles.shape
    if picture.ndim != 3 or picture.shape[:2] != size:
        raise OptionError(
            f"picture: expected shape ({size[0]}, {size[1]}, C) as the fragments have, "
            f"got {tuple(picture.shape)}"
        )
    if picture.device.type != "cpu":
        return  # nothing waits for a GPU
    if len(edges.verts) and int(edges.verts.max()) >= len(mesh.pixels):
        raise OptionError(
            f"edges: expected those of a mesh of {len(mesh.pixels)} vertices, "
            f"got an index of {int(edges.verts.max())}"
        )
    if len(edges.faces) and int(edges.faces.max()) >= len(mesh.faces):
        raise OptionError(
            f"edges: expected those of a mesh of {len(mesh.faces)} faces, "
            f"got an index of {int(edges.faces.max())}"
        )


@torch.no_grad()
def _outlines(mesh: ProjectedMesh, edges: MeshEdges) -> Bool[Tensor, " edges"]:
    a, b, c = mesh.pixels[mesh.faces.long()].double().unbind(1)
    facing = _cross(b - a, c - a).sign()
    first, second = edges.faces.unbind(-1)
    outline = (second < 0) | (facing[first] != facing[second.clamp_min(0)])
    ends, depths = mesh.pixels[edges.verts], mesh.depths[edges.verts]
    placed = (ends.abs() <= PIXEL_LIMIT).all(-1).all(-1)  # false for NaN
    return outline & placed & ((depths > 0) & (depths < torch.inf)).all(-1)


def _crossings(
    depths: Float[Tensor, "height width"],
    mesh: ProjectedMesh,
    edges: MeshEdges,
    outlines: Int[Tensor, " outlines"],
    along: int,
) -> _Crossings:
    """Walk the outlines that are longer along axis `along` (0: x, 1: y), a step a pixel.

    Neighbouring pixels are then those along the other axis.
    """
    height, width = depths.shape
    steps, breadth = (width, height) if along == 0 else (height, width)
    ends = mesh.pixels[edges.verts[outlines]].double()
    span = (ends[:, 1] - ends[:, 0]).detach().abs()
    steep = span[:, 1] > span[:, 0] if along == 1 else span[:, 0] >= span[:, 1]
    outlines, ends = outlines[steep], ends[steep]

    # One row for every pixel column (or row) that an outline passes.
    low = ends[:, :, along].detach().amin(1).ceil().long().clamp_min(0)
    high = ends[:, :, along].detach().amax(1).floor().long().clamp_max(steps - 1)
    counts = (high - low + 1).clamp_min(0)
    row = torch.arange(len(counts), device=depths.device).repeat_interleave(counts)
    step = (
        low[row] + torch.arange(len(row), device=depths.device) - (counts.cumsum(0) - counts)[row]
    )
    start, end = ends[row].unbind(1)
    fraction = (step - start[:, along]) / (end[:, along] - start[:, along])
    across = start[:, 1 - along] + fraction * (end[:, 1 - along] - start[:, 1 - along])
    near = 1 / mesh.depths[edges.verts[outlines]].detach().double()[row]
    edge_depth = 1 / (near[:, 0] + fraction.detach() * (near[:, 1] - near[:, 0]))

    first = across.detach().floor()
    inside = (first >= 0) & (first < breadth - 1)
    side = _first_is_inner(mesh, edges, outlines, ends, along)[row]
    index = first.long().clamp(0, max(breadth - 2, 0))
    inner_place, outer_place = (
        torch.where(side, index, index + 1),
        torch.where(side, index + 1, index),
    )
    scale = (width, 1) if along == 1 else (1, width)
    inner, outer = (step * scale[0] + place * scale[1] for place in (inner_place, outer_place))
    seen = depths.detach().reshape(-1).double()
    if breadth < 2:
        inside = torch.zeros_like(inside)
        inner, outer = torch.zeros_like(inner), torch.zeros_like(outer)
    inner_depth, outer_depth = seen[inner], seen[outer]
    valid = inside & (outer_depth > edge_depth * (1 + DEPTH_MARGIN)) & (inner_depth < outer_depth)
    kept = valid.nonzero()[:, 0]
    kept = _nearest_of_each(torch.minimum(inner, outer)[kept], edge_depth[kept], kept)
    distance = (across - inner_place).abs()
    return _Crossings(inner=inner[kept], outer=outer[kept], distance=distance[kept])


@torch.no_grad()
def _first_is_inner(
    mesh: ProjectedMesh,
    edges: MeshEdges,
    outlines: Int[Tensor, " outlines"],
    ends: Float[Tensor, "outlines 2 2"],
    along: int,
) -> Bool[Tensor, " outlines"]:
    """Return whether the mesh lies on the side of lower coordinates across the outline."""
    third = mesh.pixels[edges.opposite[outlines]].double()
    start, end = ends.unbind(1)
    side = _cross(end - start, third - start)
    # The same for a point one pixel lower than the start, across.
    direction = (end - start)[:, along]
    lower = direction if along == 1 else -direction
    return side * lower > 0


@torch.no_grad()
def _nearest_of_each(
    pair: Int[Tensor, " crossings"],
    edge_depth: Float[Tensor, " crossings"],
    kept: Int[Tensor, " crossings"],
) -> Int[Tensor, " chosen"]:
    """Return, for each pair of pixels, the entry of `kept` whose edge is nearest."""
    order = edge_depth.argsort(stable=True)
    _, which = torch.unique(pair[order], return_inverse=True)
    rank = torch.arange(len(order), device=order.device)
    first = torch.full_like(rank, len(order)).scatter_reduce(0, which, rank, "amin")
    return kept[order[first[first < len(order)]]]


def _cross(a: Float[Tensor, "n 2"], b: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
