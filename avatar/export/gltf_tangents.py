"""Tangents of a part, in the directions its normal map was made for."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.mesh import Mesh, MeshPart
from avatar.export.split_seams import SplitPart
from avatar.render.tangents import tangents


def vertex_tangents(
    mesh: Mesh, part: MeshPart, split: SplitPart, normals: Float[Tensor, "verts 3"]
) -> Float[Tensor, "copies 4"]:
    """Return unit vectors along growing u, at right angles to the normals, and the handedness.

    The fourth number is 1 or -1: it turns `cross(normal, tangent)` towards falling v, which is up
    in a normal map (glTF 2.0, section 3.7.2.1).
    """
    frames = tangents(mesh.vertices, part.faces, mesh.uvs, part.uv_faces)[split.uv_sources]
    normal = normals[split.sources]
    along_u = torch.nn.functional.normalize(frames[:, :3], dim=1)
    flat = along_u - (along_u * normal).sum(1, keepdim=True) * normal
    # Where the texture is degenerate any direction will do that is not the normal's.
    axis = torch.nn.functional.one_hot(normal.abs().argmin(1), 3).to(normal)
    spare = torch.linalg.cross(normal, axis)
    usable = flat.norm(dim=1, keepdim=True) > 1e-3
    tangent = torch.nn.functional.normalize(torch.where(usable, flat, spare), dim=1)
    falling = (torch.linalg.cross(normal, tangent) * frames[:, 3:]).sum(1, keepdim=True)
    return torch.cat([tangent, torch.where(falling < 0, -1.0, 1.0)], dim=1)
