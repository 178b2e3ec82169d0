"""Where in their triangles the pixels of a rasterised mesh lie, in perspective."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.ops.native import runs_natively
from avatar.ops.perspective_native import perspective_natively


def perspective_barycentrics(
    triangles: Int[Tensor, "*views height width"],
    pixels: Float[Tensor, "*views verts 2"],
    depths: Float[Tensor, "*views verts"],
    faces: Int[Tensor, "faces 3"],
) -> tuple[Float[Tensor, "*views height width 3"], Float[Tensor, "*views height width"]]:
    """Return the barycentrics and depths at the pixels of rasterised triangles.

    Differentiable in `pixels` and `depths` (except where a weight is clamped to 0, less than
    1/256 pixel outside its triangle). Arguments and results as in `rasterize_mesh`.
    """
    if runs_natively(pixels, depths, faces, triangles):
        return perspective_natively(triangles, pixels, depths, faces.long())
    views = pixels.shape[:-2]
    if not views:
        return perspective_barycentrics_reference(triangles, pixels, depths, faces)
    each = [
        perspective_barycentrics_reference(seen, *view, faces)
        for seen, view in zip(triangles.flatten(0, -3), each_view(pixels, depths), strict=True)
    ]
    barycentrics, pixel_depths = (
        torch.stack(parts).unflatten(0, views) for parts in zip(*each, strict=True)
    )
    return barycentrics, pixel_depths


def perspective_barycentrics_reference(
    triangles: Int[Tensor, "height width"],
    pixels: Float[Tensor, "verts 2"],
    depths: Float[Tensor, " verts"],
    faces: Int[Tensor, "faces 3"],
) -> tuple[Float[Tensor, "height width 3"], Float[Tensor, "height width"]]:
    """Do what `perspective_barycentrics` does with one view, in torch on any device."""
    row, column = (triangles >= 0).nonzero().unbind(-1)
    corners = faces.long()[triangles[row, column]]
    centre = torch.stack([column, row], -1).double()
    a, b, c = (pixels[corners].double() - centre[:, None]).unbind(1)
    flat = torch.stack([cross(b, c), cross(c, a), cross(a, b)], -1)
    turn = torch.where(flat.detach().sum(-1) < 0, -1.0, 1.0)
    flat = (flat * turn[:, None]).clamp_min(0)
    degenerate = flat.detach().sum(-1, keepdim=True) == 0  # but for the snapping
    flat = torch.where(degenerate, torch.ones_like(flat), flat)
    perspective = flat / depths[corners].double()
    total = perspective.sum(-1)
    place = (row, column)
    barycentrics = pixels.new_zeros(*triangles.shape, 3)
    pixel_depths = pixels.new_full(triangles.shape, torch.inf)
    weights = (perspective / total[:, None]).to(pixels.dtype)
    return (
        barycentrics.index_put(place, weights),
        pixel_depths.index_put(place, (flat.sum(-1) / total).to(pixels.dtype)),
    )


def each_view(
    pixels: Float[Tensor, "*views verts 2"], depths: Float[Tensor, "*views verts"]
) -> list[tuple[Float[Tensor, "verts 2"], Float[Tensor, " verts"]]]:
    """Return the vertices' pixels and depths of one view after another."""
    return list(zip(pixels.flatten(0, -3), depths.flatten(0, -2), strict=True))


def cross(a: Float[Tensor, "points 2"], b: Float[Tensor, "points 2"]) -> Float[Tensor, " points"]:
    """Return the areas that pairs of vectors span, signed."""
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
