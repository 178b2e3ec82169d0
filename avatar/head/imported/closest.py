"""The points of a triangle surface closest to given points."""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor

from avatar.core.mesh import SurfacePoints

_CANDIDATES = 24


def closest_on_surface(
    points: Float[Tensor, "points 3"],
    vertices: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
) -> SurfacePoints:
    """Return, for each point, the closest one of a surface of evenly sized triangles.

    Looks at the 24 triangles whose centres are nearest (Ericson, "Real-Time Collision Detection",
    section 5.1.5, for each of them).
    """
    corners = vertices[faces].double()
    tree = KDTree(corners.mean(1).numpy())
    count = min(_CANDIDATES, len(faces))
    rows = torch.from_numpy(tree.query(points.double().numpy(), count)[1].reshape(-1, count))
    weights = _closest_weights(points.double()[:, None], corners[rows])
    feet = (weights[..., None] * corners[rows]).sum(-2)
    best = (feet - points.double()[:, None]).norm(dim=-1).argmin(1)
    every = torch.arange(len(points))
    return SurfacePoints(
        corners=faces[rows[every, best]], barycentrics=weights[every, best].to(vertices.dtype)
    )


def nearest_vertices(
    points: Float[Tensor, "points 3"], vertices: Float[Tensor, "verts 3"]
) -> Int[Tensor, " points"]:
    """Return the index of the vertex nearest to each point."""
    _, rows = KDTree(vertices.numpy()).query(points.numpy())
    return torch.from_numpy(np.asarray(rows, dtype=np.int64))


def _closest_weights(
    points: Float[Tensor, "points 1 3"], corners: Float[Tensor, "points candidates 3 3"]
) -> Float[Tensor, "points candidates 3"]:
    """Return the barycentrics of each triangle's closest point: inside, or on the nearest edge."""
    a, b, c = corners.unbind(-2)
    normal = torch.linalg.cross(b - a, c - a)
    area = (normal * normal).sum(-1).clamp_min(1e-30)
    inside = torch.stack(
        [
            (torch.linalg.cross(c - b, points - b) * normal).sum(-1) / area,
            (torch.linalg.cross(a - c, points - c) * normal).sum(-1) / area,
            (torch.linalg.cross(b - a, points - a) * normal).sum(-1) / area,
        ],
        dim=-1,
    )
    best = inside
    nearest = torch.where((inside >= 0).all(-1), -1.0, torch.inf).to(area)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        start, end = corners[..., first, :], corners[..., second, :]
        edge = end - start
        along = ((points - start) * edge).sum(-1) / (edge * edge).sum(-1).clamp_min(1e-30)
        along = along.clamp(0, 1)
        distance = (start + along[..., None] * edge - points).norm(dim=-1)
        weights = torch.zeros_like(inside)
        weights[..., first], weights[..., second] = 1 - along, along
        closer = distance < nearest
        best = torch.where(closer[..., None], weights, best)
        nearest = torch.where(closer, distance, nearest)
    return best
