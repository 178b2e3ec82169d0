"""A small but complete avatar: seams, poles, a blended part, a part nothing moves, five joints."""

import math

import torch
from torch import Tensor

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.avatar import Avatar, AvatarInfo
from avatar.core.material import Material
from avatar.core.mesh import Mesh, MeshPart, SurfacePoints
from avatar.core.rig import Rig

JOINTS = ("neck", "head", "jaw", "eye_left", "eye_right")
PARENTS = (-1, 0, 1, 1, 1)
POSITIONS = [
    [0.0, -0.12, -0.05],
    [0.0, -0.03, -0.04],
    [0.0, -0.03, 0.0],
    [0.032, 0.0, 0.06],
    [-0.032, 0.0, 0.06],
]

# name, material, centre, radii, which joint moves it (None: several, blended)
PARTS = [
    ("skin", "skin", [0.0, -0.02, 0.0], [0.075, 0.11, 0.09], None),
    ("eye_left", "eye", POSITIONS[3], [0.012, 0.012, 0.012], "eye_left"),
    ("eye_right", "eye", POSITIONS[4], [0.012, 0.012, 0.012], "eye_right"),
    ("teeth_lower", "teeth", [0.0, -0.06, 0.06], [0.02, 0.005, 0.01], "jaw"),
    ("lashes", "lashes", [0.0, 0.01, 0.08], [0.04, 0.002, 0.005], "head"),
    ("cap", "skin", [0.0, 0.06, -0.03], [0.05, 0.04, 0.05], "head"),
]
MOVED_BY_MORPHS = ("skin", "teeth_lower", "lashes")


def synthetic_avatar(rows: int = 16, columns: int = 20, texture: int = 32) -> Avatar:
    """Return the avatar; the skin has `(rows - 1) * columns + 2` vertices, other parts fewer."""
    vertices: list[Tensor] = []
    uvs: list[Tensor] = []
    parts: list[MeshPart] = []
    weights: list[Tensor] = []
    morphs: list[Tensor] = []
    for name, material, centre, radii, joint in PARTS:
        shape = (rows, columns) if name == "skin" else (6, 8)
        points, uv, faces, uv_faces = ellipsoid(*shape)
        placed = points * torch.tensor(radii) + torch.tensor(centre)
        start, uv_start = sum(map(len, vertices)), sum(map(len, uvs))
        parts.append(
            MeshPart(
                name=name, faces=faces + start, uv_faces=uv_faces + uv_start, material=material
            )
        )
        vertices.append(placed)
        uvs.append(uv)
        weights.append(skin_weights(placed, joint))
        morphs.append(morphs_of(placed) if name in MOVED_BY_MORPHS else torch.zeros(52, len(uv), 3))
        morphs[-1] = morphs[-1][:, : len(placed)]
    return Avatar(
        info=AvatarInfo(name="Synthetic", head_model="none", licence="CC0-1.0", generator="tests"),
        mesh=Mesh(vertices=torch.cat(vertices), uvs=torch.cat(uvs), parts=tuple(parts)),
        rig=Rig(
            morphs=torch.cat(morphs, 1),
            joint_names=JOINTS,
            parents=PARENTS,
            joint_positions=torch.tensor(POSITIONS),
            skin_weights=torch.cat(weights),
        ),
        materials=materials(texture),
        landmarks68=SurfacePoints(
            corners=parts[0].faces[:68], barycentrics=torch.full((68, 3), 1 / 3)
        ),
    )


def ellipsoid(rows: int, columns: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return a unit sphere of latitudes and longitudes: vertices, uvs, faces, uv_faces.

    The seam runs down the back; each pole is one vertex with a texture coordinate a triangle.
    """
    latitude = math.pi * torch.arange(rows + 1) / rows
    longitude = 2 * math.pi * torch.arange(columns) / columns
    lat, lon = torch.meshgrid(latitude[1:-1], longitude, indexing="ij")
    ring = torch.stack([-lat.sin() * lon.sin(), lat.cos(), -lat.sin() * lon.cos()], -1)
    poles = torch.tensor([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    vertices = torch.cat([ring.reshape(-1, 3), poles])
    v, u = torch.meshgrid(torch.arange(rows + 1), torch.arange(columns + 1), indexing="ij")
    uvs = torch.stack([u / columns, v / rows], -1).reshape(-1, 2)
    faces: list[list[int]] = []
    uv_faces: list[list[int]] = []

    def vertex(row: int, column: int) -> int:
        if row in (0, rows):
            return len(ring.reshape(-1, 3)) + (row == rows)
        return (row - 1) * columns + column % columns

    def add(*corners: tuple[int, int]) -> None:
        faces.append([vertex(*corner) for corner in corners])
        uv_faces.append([row * (columns + 1) + column for row, column in corners])

    for row in range(rows):
        for column in range(columns):
            a, b = (row, column), (row + 1, column)
            c, d = (row + 1, column + 1), (row, column + 1)
            if row < rows - 1:
                add(a, b, c)
            if row > 0:
                add(a, c, d)
    return vertices, uvs, torch.tensor(faces), torch.tensor(uv_faces)


def skin_weights(vertices: Tensor, joint: str | None) -> Tensor:
    """Bind to one joint, or blend neck, head and jaw by height."""
    weights = torch.zeros(len(vertices), len(JOINTS))
    if joint is not None:
        weights[:, JOINTS.index(joint)] = 1
        return weights
    neck = ((-0.06 - vertices[:, 1]) / 0.06).clamp(0, 1)
    jaw = ((vertices[:, 2] - 0.02) / 0.05).clamp(0, 1) * ((-0.02 - vertices[:, 1]) / 0.04).clamp(
        0, 1
    )
    weights[:, 0] = neck * (1 - jaw)
    weights[:, 2] = jaw
    weights[:, 1] = 1 - weights.sum(1)
    return weights


def morphs_of(vertices: Tensor) -> Tensor:
    """Push a bump out at a place of its own for each name; `Left` ones lie at +X."""
    out = []
    for index, name in enumerate(ARKIT_NAMES):
        side = 1.0 if name.endswith("Left") else -1.0 if name.endswith("Right") else 0.0
        x, y = 0.035 * side, -0.09 + 0.13 * index / 51
        z = 0.09 * math.sqrt(1 - (x / 0.075) ** 2 - ((y + 0.02) / 0.11) ** 2)
        place = torch.tensor([x, y, z])
        reach = 0.028 + 0.0001 * index
        near = (1 - (vertices - place).norm(dim=1) / reach).clamp_min(0)
        direction = torch.tensor([0.2 * side, -0.3, 1.0])
        out.append(0.01 * near[:, None] * direction)
    return torch.stack(out)


def materials(size: int) -> tuple[Material, ...]:
    """Return materials with every kind of map, blotches and grain as a photo has them."""
    generator = torch.Generator().manual_seed(5)
    blotches = torch.rand(1, 4, size // 16, size // 16, generator=generator)
    smooth = torch.nn.functional.interpolate(blotches, (size, size), mode="bilinear")[0]
    noise = (smooth.movedim(0, -1) + 0.02 * torch.rand(size, size, 4, generator=generator)) / 1.02
    bumps = torch.nn.functional.normalize(noise[..., :3] * torch.tensor([0.2, 0.2, 2.0]), dim=-1)
    return (
        Material(
            name="skin",
            base_color_map=0.3 + 0.1 * noise[..., :3],
            roughness_map=0.4 + 0.2 * noise[..., 0],
            normal_map=bumps * 0.5 + 0.5,
            roughness=0.9,
        ),
        Material(name="eye", base_color_map=noise[: size // 2, : size // 2, :3], roughness=0.1),
        Material(name="teeth", base_color=(0.8, 0.75, 0.7, 1.0)),
        Material(name="lashes", base_color_map=noise * 0.5, alpha_mode="blend", double_sided=True),
    )
