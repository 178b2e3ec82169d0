"""A fit with known truth: the default head, seen by cameras we place ourselves."""

import math

import pytest
import torch

from avatar.capture.observation import Observation, Photo
from avatar.core.camera import Camera, focal_from_fov, intrinsics_from_focal, look_at
from avatar.fit.head_fit import HeadFit, PhotoFit
from avatar.head.model import HeadModel
from avatar.head.registry import load_model
from avatar.ops.interpolate import interpolate
from avatar.ops.rasterize_mesh import rasterize_mesh

SIZE = 384
WHITE_LIGHT = torch.cat([torch.ones(1, 3), torch.zeros(8, 3)])


@pytest.fixture(scope="session")
def model() -> HeadModel:
    return load_model("anny")


def camera_at(yaw_degrees: float) -> Camera:
    """A camera that sees the head turned by `yaw_degrees` to the subject's left."""
    yaw = -math.radians(yaw_degrees)
    position = torch.tensor([math.sin(yaw), 0.0, math.cos(yaw)])
    return Camera(
        intrinsics=intrinsics_from_focal(focal_from_fov(22.0, SIZE), SIZE, SIZE),
        camera_from_world=look_at(position, torch.zeros(3)),
        width=SIZE,
        height=SIZE,
    )


def painted(model: HeadModel) -> torch.Tensor:
    """A colour for every vertex that varies slowly and differs between left and right."""
    x, y, z = (model.template / 0.1).unbind(-1)
    return torch.stack([0.5 + 0.2 * x.tanh(), 0.4 + 0.1 * y.sin(), 0.3 + 0.1 * z.tanh()], -1)


def photograph(
    model: HeadModel, colors: torch.Tensor, yaw_degrees: float, light: torch.Tensor = WHITE_LIGHT
) -> tuple[PhotoFit, Observation]:
    """Render the template in flat vertex colours; return what a perfect fit would say of it."""
    camera = camera_at(yaw_degrees)
    pixels, depths = camera.project(model.template)
    faces = torch.cat([part.faces for part in model.parts])
    fragments = rasterize_mesh(pixels, depths, faces, SIZE, SIZE)
    image = interpolate(fragments, faces, colors)
    covered = fragments.triangles >= 0
    image = torch.where(covered[..., None], image, torch.tensor([0.0, 1.0, 0.0]))
    landmarks = torch.zeros(478, 2)
    fit = PhotoFit(
        name="render",
        camera=camera,
        expression=torch.zeros(52),
        gaze=torch.zeros(2, 2),
        light=light,
        visibility=torch.ones(len(model.template)),
        landmarks=landmarks,
        landmark_residual=0.0,
        landmark_residual_relative=0.0,
    )
    observation = Observation(
        photo=Photo(pixels=image, name="render"),
        landmarks=landmarks,
        landmark_depths=torch.zeros(478),
        confidences=torch.ones(478),
        box=torch.tensor([0.0, 0.0, SIZE, SIZE]),
        score=1.0,
        matte=covered.float(),
        matte_confidence=1.0,
    )
    return fit, observation


def fitted(model: HeadModel, *photos: PhotoFit) -> HeadFit:
    return HeadFit(
        model=model,
        identity=torch.zeros(model.identity_size),
        offsets=torch.zeros_like(model.template),
        albedo=torch.full_like(model.template, 0.5),
        photos=photos,
    )
