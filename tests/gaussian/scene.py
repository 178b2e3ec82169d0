"""A made-up person filmed: the synthetic head in painted colours, turning and grimacing."""

import math

import torch

from avatar.core.camera import Camera, intrinsics_from_focal, look_at
from avatar.core.splats import LAYERS
from avatar.core.transform import Transform, matrix_from_rotation_vector
from avatar.gaussian.take import Take
from avatar.ops.rasterize_mesh import rasterize_mesh
from tests.export.synthetic import synthetic_avatar

FRAMES, SIDE = 10, 64


def camera(side: int = SIDE) -> Camera:
    """Return a camera half a metre before the face."""
    return Camera(
        intrinsics=intrinsics_from_focal(1.8 * side, side, side),
        camera_from_world=look_at(torch.tensor([0.0, -0.02, 0.5]), torch.tensor([0.0, -0.02, 0.0])),
        width=side,
        height=side,
    )


def poses(frames: int = FRAMES) -> tuple[torch.Tensor, Transform]:
    """Return weights and head poses: a jaw that opens, a head that turns."""
    phase = torch.linspace(0, 2 * math.pi, frames + 1)[:-1]
    weights = torch.zeros(frames, 52)
    weights[:, 17] = 0.5 - 0.5 * phase.cos()
    weights[:, 43] = 0.5 + 0.5 * phase.sin()
    zero = torch.zeros_like(phase)
    turns = torch.stack([0.05 * phase.cos(), 0.2 * phase.sin(), zero], 1)
    return weights, Transform(
        rotation=matrix_from_rotation_vector(turns), translation=torch.zeros(frames, 3)
    )


def painted(points: torch.Tensor) -> torch.Tensor:
    """Return colours of places on the head at rest."""
    waves = torch.stack(
        [(60 * points[:, 0]).sin(), (50 * points[:, 1]).sin(), (40 * points.sum(1)).cos()], 1
    )
    return 0.5 + 0.35 * waves


def made_up_take(frames: int = FRAMES, side: int = SIDE) -> Take:
    """Return the take; pictures are exact, poses the true ones."""
    head = synthetic_avatar()
    faces = head.mesh.faces
    weights, world_from_head = poses(frames)
    colors = painted(head.mesh.vertices)
    eye = camera(side)
    pictures, mattes = [], []
    for frame in range(frames):
        pose = Transform(
            rotation=world_from_head.rotation[frame], translation=world_from_head.translation[frame]
        )
        pixels, depths = eye.project(pose.apply(head.pose(weights[frame])))
        seen = rasterize_mesh(pixels, depths, faces, side, side)
        picture = (colors[faces[seen.triangles.clamp_min(0)]] * seen.barycentrics[..., None]).sum(2)
        pictures.append((picture * 255).round().clamp(0, 255).to(torch.uint8))
        mattes.append(seen.covered.to(torch.uint8) * 255)
    layers = torch.full((len(head.mesh.vertices),), LAYERS.index("face"))
    for name, layer in (("eye_left", "eyes"), ("eye_right", "eyes"), ("cap", "hair")):
        layers[head.mesh.part(name).faces.unique()] = LAYERS.index(layer)
    return Take(
        name="made up",
        head=head,
        camera=eye,
        times=torch.arange(frames) / 25,
        weights=weights,
        world_from_head=world_from_head,
        pictures=torch.stack(pictures),
        mattes=torch.stack(mattes),
        regions=layers,
    )
