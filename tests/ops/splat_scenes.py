"""Scenes of Gaussians for the tests and benchmarks of the splat rasteriser."""

from dataclasses import replace

import torch
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.transform import Transform, matrix_from_rotation_vector
from avatar.ops.rasterize_splats import Gaussians, SplatPicture

PLAIN = Camera(
    intrinsics=torch.tensor([[100.0, 0, 20], [0, 100.0, 15], [0, 0, 1]]),
    camera_from_world=Transform(rotation=torch.eye(3), translation=torch.tensor([0.0, 0.0, 1.0])),
    width=41,
    height=31,
)
"""A metre before the origin, looking at it."""


def camera(width: int, height: int, dtype=torch.float32) -> Camera:
    """Return a camera three metres from the origin, turned a little about every axis."""
    focal = 2.0 * width
    intrinsics = [[focal, 0, width / 2 - 0.5], [0, 1.05 * focal, height / 2 - 0.5], [0, 0, 1]]
    turn = matrix_from_rotation_vector(torch.tensor([0.02, 0.3, 0.1], dtype=dtype))
    return Camera(
        intrinsics=torch.tensor(intrinsics, dtype=dtype),
        camera_from_world=Transform(
            rotation=turn, translation=torch.tensor([0.01, -0.02, 3.0], dtype=dtype)
        ),
        width=width,
        height=height,
    )


def egg(count: int, width: int, pixels: float, features: int = 3, harmonics: int = 0) -> Gaussians:
    """Return Gaussians on an egg that fills most of a picture; `pixels` is their mean size."""
    generator = torch.Generator().manual_seed(count)
    towards = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1)
    pixel = 1.5 / width  # metres, at three metres with `camera`
    axes = torch.tensor([0.27, 0.37, 0.29]) * width * pixel
    coefficients = torch.randn(count, harmonics, 3, generator=generator) * 0.3
    return Gaussians(
        means=towards * axes,
        rotations=torch.randn(count, 4, generator=generator),
        scales=(torch.rand(count, 3, generator=generator) + 0.5) * pixel * pixels,
        opacities=torch.rand(count, generator=generator) * 0.8 + 0.1,
        features=torch.rand(count, features, generator=generator),
        harmonics=coefficients if harmonics else None,
        pixel_offsets=torch.zeros(count, 2),
    )


def one(**changes) -> Gaussians:
    """Return one round Gaussian at the origin, 0.03 m in size."""
    values = {
        "means": torch.zeros(1, 3),
        "rotations": torch.tensor([[0.0, 0.0, 0.0, 1.0]]),
        "scales": torch.full((1, 3), 0.03),
        "opacities": torch.tensor([0.8]),
        "features": torch.tensor([[0.2, 0.5, 0.9]]),
    }
    return Gaussians(**values | changes)


def converted(gaussians: Gaussians, dtype: torch.dtype) -> Gaussians:
    """Return the same Gaussians in another precision."""
    present = {name: value for name, value in vars(gaussians).items() if value is not None}
    return Gaussians(**{name: value.to(dtype) for name, value in present.items()})


def picture_and_gradients(
    rasterize, gaussians: Gaussians, view: Camera, background: Tensor, options=None
) -> tuple[SplatPicture, dict[str, Tensor]]:
    """Return a picture and the gradients of a fixed random weighting of all it shows."""
    leaves = {name: value for name, value in vars(gaussians).items() if value is not None}
    leaves |= {
        "background": background,
        "rotation": view.camera_from_world.rotation,
        "translation": view.camera_from_world.translation,
        "intrinsics": view.intrinsics,
    }
    leaves = {name: leaf.detach().clone().requires_grad_() for name, leaf in leaves.items()}
    names = [name for name in vars(gaussians) if name in leaves]
    view = replace(
        view,
        intrinsics=leaves["intrinsics"],
        camera_from_world=Transform(rotation=leaves["rotation"], translation=leaves["translation"]),
    )
    picture = rasterize(
        Gaussians(**{name: leaves[name] for name in names}), view, leaves["background"], options
    )
    shown = (picture.features, picture.depths, picture.transmittance)
    generator = torch.Generator().manual_seed(7)
    loss = sum(
        (part * torch.randn(part.shape, generator=generator).to(part)).sum() for part in shown
    )
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return picture, dict(zip(leaves, gradients, strict=True))
