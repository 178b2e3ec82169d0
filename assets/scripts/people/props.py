"""Hair, glasses, masks, hands and collars: plain meshes in the head frame, a colour a vertex."""

import math
from dataclasses import dataclass

import torch
from families import Family
from torch import Tensor

from avatar.core.mesh import vertex_normals
from avatar.core.transform import matrix_from_rotation_vector


@dataclass(frozen=True, kw_only=True)
class Prop:
    """Triangles with linear colours; `occludes` what hides a part of the face."""

    vertices: Tensor
    faces: Tensor
    colors: Tensor
    roughness: float
    occludes: bool = False


def hair(family: Family, vertices: Tensor, color: Tensor, generator: torch.Generator) -> list[Prop]:
    """Return hair as a shell off the scalp and, at times, a curtain down to the shoulders.

    A quarter of people have none but what is painted on.
    """
    draw = torch.rand(6, generator=generator)
    if float(draw[0]) < 0.25:
        return []
    model = family.model
    skin = model.part("skin").faces
    scalp = model.region("scalp")
    normals = vertex_normals(vertices, skin)
    thick = 0.004 + 0.026 * float(draw[1]) ** 1.5
    up = (model.template[:, 1] / 0.1).clamp(0.2, 1.3)
    waves = _waves(model.template, 0.03, generator)
    out = (thick * up * (1 + 0.25 * waves)).clamp_min(0.001)
    cap = skin[scalp[skin].all(1)]
    cut = 0.01 + 0.035 * float(draw[2])
    cap = cap[(model.template[cap].mean(1) @ torch.tensor([0.0, 1.0, -0.35])) > cut]
    strands = 1 + 0.35 * _waves(model.template * torch.tensor([2.5, 0.6, 2.5]), 0.004, generator)
    moved = vertices + normals * out[:, None]
    found = [_prop(moved, cap, color[None] * strands.clamp(0.3, 1.8)[:, None], 0.45)]
    if float(draw[3]) < 0.4:
        found.append(_curtain(vertices, color, 0.04 + 0.16 * float(draw[4]), generator))
    return found


def glasses(vertices: Tensor, eyes: Tensor, generator: torch.Generator) -> Prop:
    """Return a frame of tubes about the two eyes (centres, (2, 3)) with arms to the ears."""
    draw = torch.rand(8, generator=generator)
    wide, high = 0.024 + 0.006 * float(draw[0]), 0.017 + 0.009 * float(draw[1])
    squareness = 0.5 + 0.5 * float(draw[2])
    tube = 0.0007 + 0.0022 * float(draw[3])
    ahead = float(vertices[:, 2].max()) - 0.012 - 0.006 * float(draw[4])
    angle = torch.linspace(0, 2 * math.pi, 37)
    lines: list[Tensor] = []
    for side, eye in enumerate(eyes):
        x = wide * _power(angle.cos(), squareness) + eye[0]
        y = high * _power(angle.sin(), squareness) + eye[1] - 0.003
        z = torch.full_like(x, max(ahead, float(eye[2]) + 0.022)) - 6 * (x - eyes[:, 0].mean()) ** 2
        lines.append(torch.stack([x, y, z], 1))
        away = 1.0 if side == int(eyes[1, 0] > eyes[0, 0]) else -1.0
        end = lines[-1][(away * x).argmax()]
        ear = torch.stack([end[0] * 1.12, end[1] + 0.004, end[2] * 0 - 0.075])
        lines.append(
            torch.stack([end, end * 0.5 + ear * 0.5 + away * end.new_tensor([0.006, 0, 0]), ear])
        )
    inner = [line[(line[:, 0] - eyes[:, 0].mean()).abs().argmin()] for line in lines[::2]]
    lines.append(torch.stack(inner))
    meshes = [_tube(line, tube) for line in lines]
    dark = torch.rand(3, generator=generator) ** 3 * 0.4 + 0.01
    if float(draw[6]) < 0.25:
        # Dark glasses: the lenses are there too.
        meshes += [_fan(line) for line in lines[:4:2]]
    points, faces = _joined(meshes)
    return _prop(points, faces, dark.expand(len(points), 3), 0.25, occludes=True)


def mask(family: Family, vertices: Tensor, generator: torch.Generator) -> Prop:
    """Return a cloth over mouth and nose that follows the face at some millimetres."""
    model = family.model
    height = model.landmarks68.on(model.template)[30, 1] + 0.012
    low = (model.template[:, 1] < height) & (model.template[:, 2] > -0.055)
    low = low & (model.region("face_wide") | model.region("chin"))
    faces = model.part("skin").faces
    faces = faces[low[faces].all(1)]
    smooth = vertices.clone()
    total = torch.zeros(len(vertices), 1).index_add_(
        0, faces.flatten(), torch.ones(faces.numel(), 1)
    )
    for _ in range(12):
        middle = smooth[faces].mean(1).repeat_interleave(3, 0)
        pulled = torch.zeros_like(smooth).index_add_(0, faces.flatten(), middle)
        smooth = torch.where(total > 0, pulled / total.clamp_min(1), smooth)
    out = vertex_normals(vertices, faces) * (
        0.004 + 0.006 * float(torch.rand(1, generator=generator))
    )
    color = torch.rand(3, generator=generator) ** 1.5 * 0.7 + 0.02
    shade = 1 + 0.06 * _waves(model.template * torch.tensor([0.3, 3.0, 1.0]), 0.01, generator)
    return _prop(
        smooth + out + torch.tensor([0, 0, 0.006]),
        faces,
        color * shade[:, None],
        0.9,
        occludes=True,
    )


def hand(vertices: Tensor, skin: Tensor, generator: torch.Generator) -> Prop:
    """Return something like a hand before a part of the face: a palm and four fingers."""
    draw = torch.rand(8, generator=generator)
    place = torch.tensor([0.11 * (float(draw[0]) - 0.5), -0.10 + 0.13 * float(draw[1]), 0.0])
    near = ((vertices[:, :2] - place[:2]) ** 2).sum(1).topk(40, largest=False).indices
    place[2] = float(vertices[near, 2].max()) + 0.012 + 0.03 * float(draw[2])
    turn = matrix_from_rotation_vector(torch.tensor([0.0, 0.0, 2 * math.pi * float(draw[3])]))
    meshes = [_ball(torch.tensor([0.0, -0.03, 0.0]), (0.040, 0.045, 0.012))]
    for finger in range(4):
        x = 0.019 * (finger - 1.5)
        long = 0.065 + 0.01 * (1.5 - abs(finger - 1.5))
        lean = 0.25 * (finger - 1.5) * float(draw[4])
        meshes.append(
            _ball(torch.tensor([x + 0.03 * lean, long / 2, 0.0]), (0.0085, long / 2 + 0.008, 0.008))
        )
    points, faces = _joined(meshes)
    color = skin * (0.8 + 0.4 * float(draw[5]))
    return _prop(points @ turn.T + place, faces, color.expand(len(points), 3), 0.6, occludes=True)


def collar(vertices: Tensor, generator: torch.Generator) -> Prop:
    """Return clothes: shoulders and a collar at a random height."""
    low = float(vertices[:, 1].min())
    points, faces = _ball(torch.tensor([0.0, low - 0.05, -0.03]), (0.21, 0.10, 0.10), rings=24)
    high = 0.02 + 0.05 * float(torch.rand(1, generator=generator))
    points[:, 1] += high
    color = torch.rand(3, generator=generator) ** 2 * 0.8 + 0.01
    return _prop(points, faces, color.expand(len(points), 3), 0.9)


def _curtain(vertices: Tensor, color: Tensor, length: float, generator: torch.Generator) -> Prop:
    """Return long hair: a shell about the back and the sides of the head, open before the face."""
    high, back = float(vertices[:, 1].max()), float(vertices[:, 2].min())
    middle = torch.tensor([0.0, high - 0.10, back / 2 - 0.005])
    points, faces = _ball(middle, (0.088, 0.108, -back / 2 + 0.03), rings=40)
    below = points[:, 1] < middle[1]
    points[:, 1] = torch.where(
        below, middle[1] + (points[:, 1] - middle[1]) * (1 + length / 0.1), points[:, 1]
    )
    side = (points[:, [0, 2]] - middle[[0, 2]]) / torch.tensor([0.088, -back / 2 + 0.03])
    stretched = middle[[0, 2]] + side / side.norm(dim=1, keepdim=True).clamp_min(
        0.75
    ) * torch.tensor([0.088, 0.10])
    points[:, 0] = torch.where(below, stretched[:, 0], points[:, 0])
    open_from = -0.045 + 0.06 * float(torch.rand(1, generator=generator))
    kept = (points[faces][..., 2] < open_from).all(1)
    strands = 1 + 0.35 * _waves(points * torch.tensor([2.5, 0.3, 2.5]), 0.006, generator)
    return _prop(points, faces[kept], color * strands.clamp(0.3, 1.8)[:, None], 0.45)


def _prop(
    vertices: Tensor, faces: Tensor, colors: Tensor, roughness: float, *, occludes: bool = False
) -> Prop:
    return Prop(
        vertices=vertices,
        faces=faces,
        colors=colors.clamp(0.002, 0.9).contiguous(),
        roughness=roughness,
        occludes=occludes,
    )


def _waves(points: Tensor, wavelength: float, generator: torch.Generator) -> Tensor:
    """Return smooth noise of unit size: a few plane waves."""
    ways = torch.randn(12, 3, generator=generator) * (math.pi / wavelength)
    phase = torch.rand(12, generator=generator) * 2 * math.pi
    return (points @ ways.T + phase).sin().sum(1) / math.sqrt(6)


def _power(value: Tensor, exponent: float) -> Tensor:
    return value.sign() * value.abs() ** exponent


def _grid_faces(rows: int, columns: int) -> Tensor:
    corner = torch.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    return torch.cat([torch.stack([a, b, c], -1), torch.stack([a, c, d], -1)]).reshape(-1, 3)


def _ball(
    middle: Tensor, radii: tuple[float, float, float], rings: int = 14
) -> tuple[Tensor, Tensor]:
    down, around = torch.meshgrid(
        torch.linspace(0, math.pi, rings), torch.linspace(0, 2 * math.pi, 2 * rings), indexing="ij"
    )
    unit = torch.stack([down.sin() * around.sin(), down.cos(), down.sin() * around.cos()], -1)
    points = unit.reshape(-1, 3) * torch.tensor(radii) + middle
    return points, _grid_faces(rings, 2 * rings).flip(1)


def _tube(line: Tensor, radius: float, sides: int = 6) -> tuple[Tensor, Tensor]:
    along = torch.nn.functional.normalize(torch.gradient(line, dim=0)[0], dim=1)
    ahead = torch.tensor([0.0, 0.0, 1.0]).expand_as(along)
    across = torch.linalg.cross(along, ahead + 0.3 * along.new_tensor([0.2, 1.0, 0.0]))
    across = torch.nn.functional.normalize(across, dim=1)
    out = torch.linalg.cross(along, across)
    angle = torch.linspace(0, 2 * math.pi, sides + 1)
    ring = angle.cos()[None, :, None] * across[:, None] + angle.sin()[None, :, None] * out[:, None]
    points = (line[:, None] + radius * ring).reshape(-1, 3)
    return points, _grid_faces(len(line), sides + 1)


def _fan(line: Tensor) -> tuple[Tensor, Tensor]:
    points = torch.cat([line, line.mean(0, keepdim=True)])
    start = torch.arange(len(line) - 1)
    return points, torch.stack([start, start + 1, torch.full_like(start, len(line))], 1)


def _joined(meshes: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    starts = torch.tensor([0, *(len(points) for points, _ in meshes)]).cumsum(0)
    faces = [own + start for (_, own), start in zip(meshes, starts[:-1], strict=True)]
    return torch.cat([points for points, _ in meshes]), torch.cat(faces)
