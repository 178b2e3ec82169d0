"""What the head's texture says at places on its skin."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.mesh import SurfacePoints
from avatar.core.sample_picture import sample_picture


def skin_texture(
    head: Avatar, points: SurfacePoints, texture: Float[Tensor, "height width channels"]
) -> tuple[Float[Tensor, "points channels"], Bool[Tensor, " points"]]:
    """Return a map of the head's first part at points of the mesh, and which lie on that part."""
    mesh, part = head.mesh, head.mesh.parts[0]
    of_part = torch.zeros(len(mesh.vertices), dtype=torch.bool)
    of_part[part.faces.flatten()] = True
    uvs = torch.zeros(len(mesh.vertices), 2)
    uvs[part.faces.flatten()] = mesh.uvs[part.uv_faces.flatten()]
    # Seams are crossed by taking the triangle's first corner: a splat is wider than what is missed.
    size = uvs.new_tensor([texture.shape[1], texture.shape[0]])
    values = sample_picture(texture.contiguous(), uvs[points.corners[:, 0]] * size - 0.5)
    return values, of_part[points.corners].all(1)
