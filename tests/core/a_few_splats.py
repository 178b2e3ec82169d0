"""Splats on the synthetic head, all fields filled."""

import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.avatar import Avatar
from avatar.core.camera import Camera, intrinsics_from_focal, look_at
from avatar.core.mesh import SurfacePoints
from avatar.core.splats import LAYERS, ExpressionCode, Splats


def a_few_splats(head: Avatar, count: int = 60, codes: int = 3) -> Splats:
    """Return random splats a little off the mesh."""
    generator = torch.Generator().manual_seed(0)

    def rand(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    faces = head.mesh.faces[torch.randperm(len(head.mesh.faces), generator=generator)[:count]]
    barycentrics = rand(count, 3)
    barycentrics = barycentrics / barycentrics.sum(1, keepdim=True)
    anchors = SurfacePoints(corners=faces, barycentrics=barycentrics).on(head.mesh.vertices)
    return Splats(
        means=anchors + 0.004 * (rand(count, 3) - 0.5),
        rotations=torch.nn.functional.normalize(rand(count, 4) - 0.5, dim=1),
        scales=0.001 + 0.003 * rand(count, 3),
        opacities=rand(count),
        colors=rand(count, 3),
        corners=faces,
        barycentrics=barycentrics,
        head_shares=rand(count),
        layers=torch.arange(count) % len(LAYERS),
        code=ExpressionCode(
            hidden_weights=rand(8, 55) - 0.5,
            hidden_bias=rand(8) - 0.5,
            output_weights=rand(codes, 8) - 0.5,
        ),
        offset_shapes=0.002 * (rand(codes, count, 3) - 0.5),
        color_shapes=0.2 * (rand(codes, count, 3) - 0.5),
        camera=Camera(
            intrinsics=intrinsics_from_focal(120.0, 64, 64),
            camera_from_world=look_at(torch.tensor([0.0, 0.0, 0.5]), torch.zeros(3)),
            width=64,
            height=64,
        ),
        sway=0.1 * (rand(6, 6) - 0.5),
    )


def open_jaw() -> torch.Tensor:
    """Return weights of an open mouth that smiles."""
    weights = torch.zeros(52)
    weights[ARKIT_INDEX["jawOpen"]] = 0.6
    weights[ARKIT_INDEX["mouthSmileRight"]] = 0.4
    return weights
