"""Which of the head's vertices a photo sees."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.mesh import vertex_normals
from avatar.head.model import HeadModel
from avatar.ops.rasterize_mesh import rasterize_mesh

SEE_THROUGH = ("cornea", "lashes")
"""Parts that hide nothing."""

LARGEST_SIDE = 640
"""The depth test is made in a picture of at most this many pixels a side."""


def occluders(model: HeadModel) -> Int[Tensor, "faces 3"]:
    """Return the triangles that hide what lies behind them."""
    solid = [part.faces for part in model.parts if not part.name.startswith(SEE_THROUGH)]
    return torch.cat(solid)


def vertex_visibility(
    vertices: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"], camera: Camera
) -> Float[Tensor, " verts"]:
    """Return the cosine of the viewing angle where a vertex is seen, 0 where it is not.

    Hidden means 3 mm or more behind what `faces` show at the vertex's pixel, facing away, or
    outside the picture.
    """
    scale = min(1.0, LARGEST_SIDE / max(camera.width, camera.height))
    small = camera.resized(
        max(1, round(camera.width * scale)), max(1, round(camera.height * scale))
    )
    pixels, depths = small.project(vertices)
    nearest = rasterize_mesh(pixels, depths, faces, small.height, small.width).depths
    column, row = pixels.round().long().unbind(1)
    inside = (column >= 0) & (row >= 0) & (column < small.width) & (row < small.height)
    front = nearest[row.clamp(0, small.height - 1), column.clamp(0, small.width - 1)]
    normals = vertex_normals(vertices, faces)
    towards = torch.nn.functional.normalize(small.position_in_world - vertices, dim=1)
    cosine = (normals * towards).sum(1).clamp_min(0)
    return torch.where(inside & (depths <= front + 0.003), cosine, torch.zeros_like(cosine))
