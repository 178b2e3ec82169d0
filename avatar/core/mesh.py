"""Triangle meshes of a head: one vertex array, several named parts."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class MeshPart:
    """A named set of triangles with one material, e.g. `skin` or `eye_left`.

    `faces` index the mesh's vertices, `uv_faces` its uvs; both wind counter-clockwise seen from
    outside, corner by corner in the same order.
    """

    name: str
    faces: Int[Tensor, "faces 3"]
    uv_faces: Int[Tensor, "faces 3"]
    material: str


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """Vertices in metres in the head frame, texture coordinates, and the parts made of them.

    `uvs` follow glTF: (0, 0) is the texture's top-left corner, v runs down.
    """

    vertices: Float[Tensor, "verts 3"]
    uvs: Float[Tensor, "uvs 2"]
    parts: tuple[MeshPart, ...]

    def part(self, name: str) -> MeshPart:
        """Return the part of that name; KeyError names the ones there are."""
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(f"no part {name!r}; there are {[part.name for part in self.parts]}")

    @property
    def faces(self) -> Int[Tensor, "faces 3"]:
        """All triangles, part after part."""
        return torch.cat([part.faces for part in self.parts])

    @property
    def uv_faces(self) -> Int[Tensor, "faces 3"]:
        """Texture corners of all triangles, part after part."""
        return torch.cat([part.uv_faces for part in self.parts])


@dataclass(frozen=True, kw_only=True)
class SurfacePoints:
    """Points glued to a surface: for each, the three vertices of its triangle and barycentrics."""

    corners: Int[Tensor, "points 3"]
    barycentrics: Float[Tensor, "points 3"]

    def on(
        self, values: Float[Tensor, "*batch verts channels"]
    ) -> Float[Tensor, "*batch points channels"]:
        """Interpolate a per-vertex quantity, such as the vertices themselves, at the points."""
        return (values[..., self.corners, :] * self.barycentrics[..., None]).sum(-2)

    def __len__(self) -> int:
        return len(self.corners)


def face_normals(
    vertices: Float[Tensor, "*batch verts 3"], faces: Int[Tensor, "faces 3"]
) -> Float[Tensor, "*batch faces 3"]:
    """Return the triangles' normals, of length twice the triangle's area, pointing outwards."""
    a, b, c = vertices[..., faces, :].unbind(-2)
    return torch.linalg.cross(b - a, c - a)


def vertex_normals(
    vertices: Float[Tensor, "*batch verts 3"], faces: Int[Tensor, "faces 3"]
) -> Float[Tensor, "*batch verts 3"]:
    """Return area-weighted unit normals; vertices without a triangle get the zero vector."""
    normals = face_normals(vertices, faces)
    total = torch.zeros_like(vertices)
    for corner in range(3):
        total = total.index_add(-2, faces[:, corner], normals)
    return torch.nn.functional.normalize(total, dim=-1)
