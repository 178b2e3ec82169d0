"""Tangent frames for normal maps."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def tangents(
    vertices: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    uvs: Float[Tensor, "uvs 2"],
    uv_faces: Int[Tensor, "faces 3"],
) -> Float[Tensor, "uvs 6"]:
    """Return the world directions of growing u and of falling v at each texture corner.

    Averaged over the triangles around a corner, not of unit length; texture corners are split at
    seams, so a frame never mixes two charts.
    """
    a, b, c = vertices[faces].unbind(1)
    u, v, w = uvs[uv_faces].unbind(1)
    first, second = v - u, w - u
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    # Multiplying by the sign instead of dividing by the area weighs triangles by their size.
    turn = area.sign()[:, None]
    along_u = ((b - a) * second[:, 1:] - (c - a) * first[:, 1:]) * turn
    along_v = ((c - a) * first[:, :1] - (b - a) * second[:, :1]) * turn
    frames = torch.cat([along_u, -along_v], -1)
    total = uvs.new_zeros(len(uvs), 6)
    for corner in range(3):
        total.index_add_(0, uv_faces[:, corner], frames)
    return total
