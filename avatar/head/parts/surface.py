"""Triangle surfaces with texture coordinates, and the few ways the parts are made from curves."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Vertices in metres and triangles wound counter-clockwise seen from outside.

    `uv_faces` index `uvs` corner by corner like `faces`; uvs follow glTF (v runs down).
    """

    vertices: Float[Tensor, "points 3"]
    faces: Int[Tensor, "faces 3"]
    uvs: Float[Tensor, "uvs 2"]
    uv_faces: Int[Tensor, "faces 3"]

    def mirrored(self) -> "Surface":
        """Return the mirror image in the plane x = 0, with the same texture coordinates."""
        flip = self.vertices.new_tensor([-1.0, 1.0, 1.0])
        return Surface(
            vertices=self.vertices * flip,
            faces=self.faces.flip(-1),
            uvs=self.uvs,
            uv_faces=self.uv_faces.flip(-1),
        )

    def moved_to(self, vertices: Float[Tensor, "points 3"]) -> "Surface":
        """Return the surface with these vertices instead of its own."""
        return Surface(vertices=vertices, faces=self.faces, uvs=self.uvs, uv_faces=self.uv_faces)

    def shifted(self, shift: Float[Tensor, "3"]) -> "Surface":
        """Return the surface moved by a vector."""
        return self.moved_to(self.vertices + shift)


def joined(surfaces: list[Surface]) -> Surface:
    """Return one surface made of several, vertices and uvs in order."""
    vertex_start = uv_start = 0
    faces: list[Tensor] = []
    uv_faces: list[Tensor] = []
    for surface in surfaces:
        faces.append(surface.faces + vertex_start)
        uv_faces.append(surface.uv_faces + uv_start)
        vertex_start += len(surface.vertices)
        uv_start += len(surface.uvs)
    return Surface(
        vertices=torch.cat([surface.vertices for surface in surfaces]),
        faces=torch.cat(faces),
        uvs=torch.cat([surface.uvs for surface in surfaces]),
        uv_faces=torch.cat(uv_faces),
    )


def grid_faces(rows: int, columns: int, *, closed: bool = False) -> Int[Tensor, "faces 3"]:
    """Return the triangles of a grid of points stored row by row.

    Seen with rows running down and columns running right, triangles wind counter-clockwise.
    `closed` joins the last column to the first.
    """
    index = torch.arange(rows * columns).reshape(rows, columns)
    if closed:
        index = torch.cat([index, index[:, :1]], dim=1)
    a, b = index[:-1, :-1].flatten(), index[:-1, 1:].flatten()
    c, d = index[1:, 1:].flatten(), index[1:, :-1].flatten()
    return torch.cat([torch.stack([a, d, c], 1), torch.stack([a, c, b], 1)])


def revolved(
    profile: Float[Tensor, "rings 2"],
    uv_radii: Float[Tensor, " rings"],
    segments: int,
    *,
    back_pole: bool,
) -> Surface:
    """Turn a profile about the z axis; its first point lies on the axis, in front.

    `profile` rows are (distance from the axis, z), metres, front to back. Texture coordinates are
    polar about (0.5, 0.5) with radius `uv_radii`, u along +x and v along -y. With `back_pole` the
    last point closes the surface on the axis; its triangles share one circle of the texture.
    """
    angles = torch.arange(segments, dtype=profile.dtype) * (2 * math.pi / segments)
    circle = torch.stack([angles.cos(), angles.sin()], dim=-1)
    rings = profile[1:-1] if back_pole else profile[1:]
    radii = uv_radii[1 : 1 + len(rings)]
    around = (rings[:, None, :1] * circle).flatten(0, 1)
    heights = rings[:, 1].repeat_interleave(segments)
    vertices = [profile.new_tensor([[0.0, 0.0, float(profile[0, 1])]])]
    vertices.append(torch.cat([around, heights[:, None]], dim=-1))
    uvs = [
        profile.new_tensor([[0.5, 0.5]]),
        0.5 + (radii[:, None, None] * circle).flatten(0, 1) * profile.new_tensor([1.0, -1.0]),
    ]
    first = torch.arange(segments) + 1
    second = first.roll(-1)
    faces = [torch.stack([torch.zeros_like(first), first, second], dim=-1)]
    faces.append(grid_faces(len(rings), segments, closed=True) + 1)
    uv_faces = list(faces)
    if back_pole:
        last = 1 + len(rings) * segments
        offset = (len(rings) - 1) * segments
        vertices.append(profile.new_tensor([[0.0, 0.0, float(profile[-1, 1])]]))
        middle = angles + math.pi / segments
        edge = torch.stack([middle.cos(), -middle.sin()], dim=-1)
        uvs.append(0.5 + uv_radii[-1] * edge)
        faces.append(
            torch.stack([first + offset, torch.full_like(first, last), second + offset], dim=-1)
        )
        uv_faces.append(torch.stack([first + offset, first - 1 + last, second + offset], dim=-1))
    return Surface(
        vertices=torch.cat(vertices),
        faces=torch.cat(faces),
        uvs=torch.cat(uvs),
        uv_faces=torch.cat(uv_faces),
    )
