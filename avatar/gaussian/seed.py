"""The first splats of a person: on the mesh, and where the matte shows hair and clothes beyond."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy import ndimage
from scipy.spatial import KDTree
from torch import Tensor
from torch.nn import functional

from avatar.core.mesh import SurfacePoints, face_normals
from avatar.core.rig import Rig
from avatar.core.splats import LAYERS
from avatar.core.transform import quaternion_from_matrix
from avatar.gaussian.mesh_view import MeshView, mesh_view, solid_faces, spread_frames
from avatar.gaussian.parameters import Binding, SplatUnknowns
from avatar.gaussian.seed_colors import first_colors
from avatar.gaussian.take import Take

SHELL = 0.22
"""Share of the first splats that lie off the mesh."""

VIEWS = 8
"""Frames that are looked at for the first colours and the outline."""

NECK_SHARE = 0.35
"""How far skin of the neck follows the head at first."""

_UNSEEN = 0.25
"""How many splats a surface gets that no frame shows, of what it would get otherwise."""

_DENSITY = {"face": 1.0, "hair": 2.5, "eyes": 3.0, "mouth": 0.3, "torso": 0.8}
_INWARDS, _THIN = 0.008, 0.0015
"""How far below the surface splats lie that no frame shows, and how thick they are, metres.

Broad as they are they must not stand out behind the head's outline.
"""

_FLAT = 0.3
"""Thickness of a splat on the surface, of its width."""


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Splats to begin with."""

    own: SplatUnknowns
    binding: Binding


@torch.no_grad()
def seed_splats(take: Take, count: int, codes: int, generator: torch.Generator) -> Seeds:
    """Return about `count` splats: evenly over the mesh, more where it moves, and the shell."""
    faces = solid_faces(take)
    views = [mesh_view(take, faces, frame) for frame in spread_frames(take, VIEWS)]
    shell_points, shell_rest = _off_surface(take, faces, views, round(count * SHELL), generator)
    shown = _shown(take, faces, views)
    points = _on_surface(take, faces, shown, count - len(shell_points), generator)
    rest = points.on(take.head.mesh.vertices)
    binding = Binding(
        corners=torch.cat([points.corners, shell_points.corners]),
        barycentrics=torch.cat([points.barycentrics, shell_points.barycentrics]),
        layers=torch.cat([_layers(take, points), _shell_layers(take, shell_points)]),
        seen=torch.cat(
            [shown[points.corners].any(1), torch.ones(len(shell_points), dtype=torch.bool)]
        ),
    )
    axes = _axes(take, binding)
    means = torch.cat([rest, shell_rest]) - _INWARDS * axes[..., 2] * ~binding.seen[:, None]
    scales = _scales(binding, means, len(points))
    own = SplatUnknowns(
        means=means,
        rotations=quaternion_from_matrix(axes),
        log_scales=scales.log(),
        opacity_logits=torch.full((len(means),), 1.5),
        colors=first_colors(take, binding, means, views),
        head_shares=_head_shares(take.head.rig, binding),
        offset_shapes=torch.zeros(codes, len(means), 3),
        color_shapes=torch.zeros(codes, len(means), 3),
    )
    return Seeds(own=own, binding=binding)


def _shown(
    take: Take, faces: Int[Tensor, "faces 3"], views: list[MeshView]
) -> Bool[Tensor, " verts"]:
    """Return the vertices whose triangles some view shows; the mouth's inside always counts.

    A triangle smaller than a pixel shows only now and then: its neighbours speak for it.
    """
    seen = torch.zeros(len(faces), dtype=torch.bool)
    for view in views:
        front = view.fragments.triangles[view.matte > 0.3]
        seen[front[front >= 0]] = True
    vertices = torch.zeros(len(take.regions), dtype=torch.bool)
    vertices[faces[seen].flatten()] = True
    return vertices | (take.regions == LAYERS.index("mouth"))


def _on_surface(
    take: Take,
    faces: Int[Tensor, "faces 3"],
    shown: Bool[Tensor, " verts"],
    count: int,
    generator: torch.Generator,
) -> SurfacePoints:
    """Spread points over the triangles by area, layer, motion and whether they are ever seen."""
    vertices = take.head.mesh.vertices
    area = face_normals(vertices, faces).norm(dim=1) / 2
    layer = take.regions[faces[:, 0]]
    density = torch.tensor([_DENSITY[name] for name in LAYERS])[layer]
    motion = take.head.rig.morphs.square().sum((0, 2)).sqrt()[faces].mean(1)
    face = layer == LAYERS.index("face")
    usual = motion[face].median().clamp_min(1e-6) if bool(face.any()) else motion.new_ones(())
    weight = area * density * (0.6 + (motion / usual).clamp(max=3))
    weight = weight * torch.where(shown[faces].any(1), 1.0, _UNSEEN)
    place = weight.cumsum(0) / weight.sum()
    steps = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    chosen = torch.searchsorted(place, steps).clamp(max=len(faces) - 1)
    first = torch.rand(count, generator=generator).sqrt()
    second = torch.rand(count, generator=generator)
    barycentrics = torch.stack([1 - first, first * (1 - second), first * second], 1)
    return SurfacePoints(corners=faces[chosen], barycentrics=barycentrics)


def _off_surface(
    take: Take,
    faces: Int[Tensor, "faces 3"],
    views: list[MeshView],
    count: int,
    generator: torch.Generator,
) -> tuple[SurfacePoints, Float[Tensor, "splats 3"]]:
    """Put points where mattes reach beyond the mesh, at the depth of the outline nearby."""
    corners: list[Tensor] = []
    barycentrics: list[Tensor] = []
    places: list[Tensor] = []
    for frame, view in zip(spread_frames(take, VIEWS), views, strict=True):
        covered = view.fragments.covered
        beyond = (view.matte > 0.5) & ~covered
        if not bool(beyond.any()) or not bool(covered.any()):
            continue
        pixels = beyond.nonzero()
        few = min(len(pixels), -(-count // len(views)))
        pixels = pixels[torch.randperm(len(pixels), generator=generator)[:few]]
        nearest = _nearest(covered)[pixels[:, 0], pixels[:, 1]]
        row, column = nearest.unbind(1)
        triangle = faces[view.fragments.triangles[row, column]]
        weights = view.fragments.barycentrics[row, column]
        away = (pixels - nearest).float().norm(dim=1) / view.camera.focal
        depth = view.fragments.depths[row, column] * (1 + 0.3 * away)
        jitter = torch.rand(few, 2, generator=generator) - 0.5
        points = torch.cat([pixels.flip(1) + jitter, torch.ones(few, 1)], 1)
        rays = points @ torch.linalg.inv(view.camera.intrinsics).T
        in_world = view.camera.camera_from_world.inverse().apply(rays * depth[:, None])
        in_head = take.head_at(frame).inverse().apply(in_world)
        anchor = SurfacePoints(corners=triangle, barycentrics=weights)
        moved = anchor.on(take.head.pose(take.weights[frame]) - take.head.mesh.vertices)
        corners.append(triangle)
        barycentrics.append(weights)
        places.append(in_head - moved)
    if not corners:
        none = SurfacePoints(corners=faces[:0], barycentrics=torch.zeros(0, 3))
        return none, torch.zeros(0, 3)
    bound = SurfacePoints(corners=torch.cat(corners), barycentrics=torch.cat(barycentrics))
    return bound, torch.cat(places)


def _nearest(covered: Bool[Tensor, "height width"]) -> Int[Tensor, "height width 2"]:
    """Return the row and column of the nearest covered pixel of every pixel."""
    indices = ndimage.distance_transform_edt(
        ~covered.numpy(), return_distances=False, return_indices=True
    )
    return torch.from_numpy(np.asarray(indices)).permute(1, 2, 0).long()


def _layers(take: Take, points: SurfacePoints) -> Int[Tensor, " splats"]:
    return take.regions[points.corners[:, 0]]


def _shell_layers(take: Take, points: SurfacePoints) -> Int[Tensor, " splats"]:
    """Beyond the outline of the head is hair, beyond that of the neck are clothes."""
    layers = _layers(take, points)
    torso = layers == LAYERS.index("torso")
    return torch.where(torso, layers, torch.full_like(layers, LAYERS.index("hair")))


def _head_shares(rig: Rig, binding: Binding) -> Float[Tensor, " splats"]:
    shares: list[float] = []
    for name, parent in zip(rig.joint_names, rig.parents, strict=True):
        above = shares[parent] if parent >= 0 else 0.0
        shares.append({"head": 1.0, "neck": NECK_SHARE}.get(name, above))
    if "head" not in rig.joint_names:
        return torch.ones(len(binding.corners))
    of_vertex = rig.skin_weights @ torch.tensor(shares)
    return (of_vertex[binding.corners] * binding.barycentrics).sum(1)


def _axes(take: Take, binding: Binding) -> Float[Tensor, "splats 3 3"]:
    """Return each splat's triangle's axes as columns, the normal last."""
    a, b, c = take.head.mesh.vertices[binding.corners].unbind(1)
    normal = functional.normalize(torch.linalg.cross(b - a, c - a), dim=1)
    along = functional.normalize(b - a, dim=1)
    return torch.stack([along, torch.linalg.cross(normal, along), normal], -1)


def _scales(
    binding: Binding, means: Float[Tensor, "splats 3"], on_surface: int
) -> Float[Tensor, "splats 3"]:
    """Return widths that leave no gap; on the surface splats lie flat."""
    spacing = torch.from_numpy(_spacing(means.numpy())).float().clamp(3e-4, 1.5e-2)
    scales = spacing[:, None] * torch.tensor([0.75, 0.75, 0.75 * _FLAT])
    broad = torch.cat([spacing[:, None].expand(-1, 2), torch.full_like(spacing, _THIN)[:, None]], 1)
    scales = torch.where(binding.seen[:, None], scales, broad)
    scales[on_surface:] = spacing[on_surface:, None] * 0.75
    return scales


def _spacing(places: np.ndarray) -> np.ndarray:
    distances, _ = KDTree(places).query(places, k=4)
    return np.asarray(distances)[:, 1:].mean(1)
