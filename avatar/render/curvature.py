"""How sharply a surface bends at each vertex."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.render.openness import with_neighbours

SHARPEST = 80.0
"""One over metres: round what bends within twelve millimetres light wanders no further."""


def curvature(
    vertices: Float[Tensor, "verts 3"],
    normals: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
) -> Float[Tensor, " verts"]:
    """Return one over the radius by which the normals turn along the edges, in or out.

    The root of the mean square over the edges of a vertex, averaged with its neighbours; one over
    metres, at most `SHARPEST`. Vertices without a triangle count as flat.
    """
    start, end = faces[:, [0, 1, 2]].reshape(-1), faces[:, [1, 2, 0]].reshape(-1)
    turned = (normals[start] - normals[end]).square().sum(-1)
    bend = turned / (vertices[start] - vertices[end]).square().sum(-1).clamp_min(1e-12)
    total = torch.zeros_like(vertices[:, 0])
    count = torch.zeros_like(total)
    for vertex in (start, end):
        total.index_add_(0, vertex, bend)
        count.index_add_(0, vertex, torch.ones_like(bend))
    mean = (total / count.clamp_min(1)).sqrt().clamp_max(SHARPEST)
    return with_neighbours(mean, faces)
