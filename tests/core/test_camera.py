import math

import pytest
import torch

from avatar.core.camera import (
    Camera,
    focal_from_35mm,
    focal_from_fov,
    intrinsics_from_focal,
    look_at,
)
from avatar.core.errors import OptionError


def frontal_camera(width: int = 640, height: int = 480, focal: float = 800.0) -> Camera:
    return Camera(
        intrinsics=intrinsics_from_focal(focal, width, height),
        camera_from_world=look_at(torch.tensor([0.0, 0.0, 1.0]), torch.zeros(3)),
        width=width,
        height=height,
    )


def test_what_the_camera_looks_at_lands_in_the_middle():
    pixels, depths = frontal_camera().project(torch.zeros(1, 3))
    torch.testing.assert_close(pixels, torch.tensor([[319.5, 239.5]]))
    torch.testing.assert_close(depths, torch.tensor([1.0]))


def test_up_is_up_and_the_subjects_left_is_on_the_images_right():
    pixels, _ = frontal_camera().project(torch.tensor([[0.0, 0.1, 0.0], [0.1, 0.0, 0.0]]))
    assert pixels[0, 1] < 239.5
    assert pixels[1, 0] > 319.5


def test_a_point_behind_the_camera_has_negative_depth_and_a_finite_position():
    pixels, depths = frontal_camera().project(torch.tensor([[0.0, 0.0, 3.0]]))
    assert depths[0] < 0
    assert torch.isfinite(pixels).all()


def test_resizing_keeps_pixel_edges_where_they_were():
    camera = frontal_camera()
    points = torch.randn(20, 3) * 0.1
    pixels, _ = camera.project(points)
    halved, _ = camera.resized(320, 240).project(points)
    torch.testing.assert_close((halved + 0.5) * 2, pixels + 0.5, atol=1e-3, rtol=0)


def test_cropping_shifts_positions():
    camera = frontal_camera()
    points = torch.randn(20, 3) * 0.1
    pixels, _ = camera.project(points)
    cropped, _ = camera.cropped(100, 50, 64, 64).project(points)
    torch.testing.assert_close(cropped + torch.tensor([100.0, 50.0]), pixels, atol=1e-3, rtol=0)


def test_field_of_view_is_horizontal():
    assert focal_from_fov(90.0, 1000) == pytest.approx(500.0)


@pytest.mark.parametrize("fov", [0.0, -10.0, 180.0, math.nan])
def test_impossible_fields_of_view_are_refused(fov: float):
    with pytest.raises(OptionError, match="fov"):
        focal_from_fov(fov, 640)


def test_a_full_frame_picture_of_36_mm_has_its_width_as_focal_at_36mm():
    assert focal_from_35mm(36.0, 3600, 2400) == pytest.approx(3600.0)
