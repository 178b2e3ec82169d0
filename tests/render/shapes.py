"""Small meshes and cameras with known truths."""

import math

import torch

from avatar.core.camera import Camera, intrinsics_from_focal, look_at
from avatar.core.mesh import Mesh, MeshPart


def front_camera(width: int = 64, height: int = 64, focal: float = 200.0, distance: float = 1.0):
    """A camera on the +Z axis that looks at the origin."""
    return Camera(
        intrinsics=intrinsics_from_focal(focal, width, height),
        camera_from_world=look_at(torch.tensor([0.0, 0.0, distance]), torch.zeros(3)),
        width=width,
        height=height,
    )


def square(side: float, z: float = 0.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A square across the z axis that faces +Z: vertices, uvs (v down), faces."""
    half = side / 2
    vertices = torch.tensor(
        [[-half, half, z], [half, half, z], [half, -half, z], [-half, -half, z]]
    )
    uvs = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    return vertices, uvs, torch.tensor([[0, 3, 2], [0, 2, 1]])


def sphere(radius: float, rings: int = 48, offset: tuple[float, float, float] = (0.0, 0.0, 0.0)):
    """A latitude-longitude sphere: vertices, uvs, faces, uv_faces."""
    columns = 2 * rings
    latitude = torch.linspace(0, math.pi, rings + 1)[:, None].expand(rings + 1, columns + 1)
    longitude = torch.linspace(0, 2 * math.pi, columns + 1)[None].expand(rings + 1, columns + 1)
    points = torch.stack(
        [
            latitude.sin() * longitude.sin(),
            latitude.cos(),
            latitude.sin() * longitude.cos(),
        ],
        -1,
    )
    uvs = torch.stack([longitude / (2 * math.pi), latitude / math.pi], -1).reshape(-1, 2)
    row, column = torch.meshgrid(torch.arange(rings), torch.arange(columns), indexing="ij")
    corner = (row * (columns + 1) + column).reshape(-1)
    below, right = corner + columns + 1, corner + 1
    uv_faces = torch.cat(
        [torch.stack([corner, below, right], -1), torch.stack([right, below, below + 1], -1)]
    )
    # Weld the seam and the poles: geometry is shared where the texture is cut.
    weld = torch.arange(rings + 1)[:, None] * columns + torch.arange(columns + 1)[None] % columns
    weld[0] = 0
    weld[rings] = rings * columns
    faces = weld.reshape(-1)[uv_faces]
    vertices = torch.zeros((rings + 1) * columns, 3)
    vertices[weld.reshape(-1)] = points.reshape(-1, 3) * radius + torch.tensor(offset)
    kept = (
        (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
    )
    return vertices, uvs, faces[kept], uv_faces[kept]


def mesh_of(vertices, uvs, faces, uv_faces=None, material: str = "skin") -> Mesh:
    """A mesh of one part."""
    part = MeshPart(
        name=material,
        faces=faces,
        uv_faces=faces if uv_faces is None else uv_faces,
        material=material,
    )
    return Mesh(vertices=vertices, uvs=uvs, parts=(part,))


def join(*meshes: Mesh) -> Mesh:
    """One mesh with the parts of all."""
    parts: list[MeshPart] = []
    first_vertex = first_uv = 0
    for mesh in meshes:
        parts += [
            MeshPart(
                name=part.name,
                faces=part.faces + first_vertex,
                uv_faces=part.uv_faces + first_uv,
                material=part.material,
            )
            for part in mesh.parts
        ]
        first_vertex += len(mesh.vertices)
        first_uv += len(mesh.uvs)
    return Mesh(
        vertices=torch.cat([mesh.vertices for mesh in meshes]),
        uvs=torch.cat([mesh.uvs for mesh in meshes]),
        parts=tuple(parts),
    )


def wall(side: float, cells: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The square of `square`, cut into `cells` x `cells`, for light that varies across it."""
    ramp = torch.linspace(0, 1, cells + 1)
    v, u = torch.meshgrid(ramp, ramp, indexing="ij")
    uvs = torch.stack([u, v], -1).reshape(-1, 2)
    vertices = torch.stack([uvs[:, 0] - 0.5, 0.5 - uvs[:, 1], uvs[:, 0] * 0], -1) * side
    row, column = torch.meshgrid(torch.arange(cells), torch.arange(cells), indexing="ij")
    corner = (row * (cells + 1) + column).reshape(-1)
    below, right = corner + cells + 1, corner + 1
    faces = [torch.stack([corner, below, right], -1), torch.stack([right, below, below + 1], -1)]
    return vertices, uvs, torch.cat(faces)
