"""Cutting a part along its texture seams, so that one index a corner serves every attribute."""

from dataclasses import dataclass

from jaxtyping import Int
from torch import Tensor

from avatar.core.mesh import Mesh, MeshPart


@dataclass(frozen=True, kw_only=True)
class SplitPart:
    """A part of a mesh as a graphics card wants it.

    `sources` are the mesh vertices that its own vertices copy, `uv_sources` the texture
    coordinates: one of a seam's vertices appears once for each of its texture coordinates, with
    the same position, normal and morphs each time.
    `faces` index these copies, triangle for triangle as in the mesh part.
    """

    name: str
    material: str
    sources: Int[Tensor, " copies"]
    uv_sources: Int[Tensor, " copies"]
    faces: Int[Tensor, "faces 3"]


def split_seams(mesh: Mesh, part: MeshPart) -> SplitPart:
    """Give each pair of vertex and texture coordinate that `part` uses a vertex of its own."""
    count = len(mesh.uvs)
    pairs, corners = (part.faces * count + part.uv_faces).unique(return_inverse=True)
    return SplitPart(
        name=part.name,
        material=part.material,
        sources=pairs // count,
        uv_sources=pairs % count,
        faces=corners,
    )
