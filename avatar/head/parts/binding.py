"""Sparse maps that carry the displacement of source vertices over to a part's vertices."""

import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor

from avatar.head.anny.linear_map import linear_map


def bound_by_weights(
    drivers: Int[Tensor, "points k"], weights: Float[Tensor, "points k"], source_size: int
) -> sparse.csr_array:
    """Return (points, source_size): each point moves by the weighted displacements of its own."""
    rows = torch.arange(len(drivers)).repeat_interleave(drivers.shape[1])
    return linear_map(rows, drivers.flatten(), weights.flatten(), (len(drivers), source_size))


def bound_rigidly(
    drivers: Int[Tensor, " drivers"], weights: Float[Tensor, " drivers"], size: tuple[int, int]
) -> sparse.csr_array:
    """Return (points, source_verts), the `size`: all points make the drivers' weighted move."""
    points, source_size = size
    return bound_by_weights(drivers.expand(points, -1), weights.expand(points, -1), source_size)


def bound_affinely(
    drivers: Int[Tensor, " drivers"],
    source_vertices: Float[Tensor, "verts 3"],
    points: Float[Tensor, "points 3"],
) -> sparse.csr_array:
    """Return (points, verts): points move by the affine map nearest to the drivers' displacements.

    Least squares; the drivers must not lie in one plane.
    """
    at = source_vertices[drivers]
    centre = at.mean(0)
    weights = _with_one(points - centre) @ torch.linalg.pinv(_with_one(at - centre))
    return bound_by_weights(drivers.expand(len(points), -1), weights, len(source_vertices))


def _with_one(points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 4"]:
    return torch.cat([torch.ones_like(points[:, :1]), points], dim=-1)
