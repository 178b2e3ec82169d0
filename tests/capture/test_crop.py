"""Crops map between picture and crop exactly, in the half-pixel convention."""

import math

import pytest
import torch

from avatar.capture.crop import Crop, Pyramid

CROP = Crop(center_x=30.0, center_y=20.0, side=24.0, angle=0.7)


def test_crop_and_picture_coordinates_are_inverse():
    points = torch.rand(50, 2, generator=torch.Generator().manual_seed(0)) * 60
    back = CROP.in_picture(CROP.in_crop(points, 192), 192)
    torch.testing.assert_close(back, points, atol=1e-4, rtol=0)


def test_the_centre_of_a_crop_is_its_centre():
    middle = CROP.in_picture(torch.tensor([[(192 - 1) / 2, (192 - 1) / 2]]), 192)
    torch.testing.assert_close(middle, torch.tensor([[30.0, 20.0]]))


def test_the_angle_turns_from_right_towards_down():
    quarter = Crop(center_x=0.0, center_y=0.0, side=10.0, angle=math.pi / 2)
    right_edge = quarter.in_picture(torch.tensor([[9.5, 4.5]]), 10)
    torch.testing.assert_close(right_edge, torch.tensor([[0.0, 5.0]]), atol=1e-5, rtol=0)


def test_an_aligned_crop_copies_pixels():
    picture = torch.rand(16, 20, 3, generator=torch.Generator().manual_seed(0))
    crop = Crop(center_x=8 + 3.5, center_y=4 + 3.5, side=8.0)
    sampled = Pyramid(picture).sample(crop, 8, "zero")
    expected = Pyramid(picture[4:12, 8:16]).sample(
        Crop(center_x=3.5, center_y=3.5, side=8.0), 8, "zero"
    )
    torch.testing.assert_close(sampled, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(64, 64), (67, 91), (300, 150)])
def test_a_reduced_ramp_stays_in_place(size):
    """Whatever pyramid level is used, a feature keeps its position: no half-pixel shift."""
    height, width = size
    columns = torch.arange(width, dtype=torch.float32)
    linear = (0.3 + 0.4 * columns / width).expand(height, width)[..., None].repeat(1, 1, 3)
    crop = Crop(center_x=(width - 1) / 2, center_y=(height - 1) / 2, side=0.8 * min(size))
    for resolution in (64, 16, 8):
        sampled = Pyramid(linear).sample(crop, resolution, "replicate")
        steps = torch.arange(resolution, dtype=torch.float32)
        places = crop.in_picture(torch.stack([steps, steps], 1), resolution)[:, 0]
        expected = Pyramid(linear).sample(
            Crop(center_x=float(places[3]), center_y=crop.center_y, side=1.0), 1, "replicate"
        )
        assert float(sampled[resolution // 2, 3, 0]) == pytest.approx(
            float(expected[0, 0, 0]), abs=2e-3
        )


def test_reducing_a_checkerboard_does_not_alias():
    board = ((torch.arange(256)[:, None] + torch.arange(256)[None]) % 2).float()
    picture = board[..., None].repeat(1, 1, 3)
    crop = Crop(center_x=127.5, center_y=127.5, side=256.0, angle=0.1)
    inner = Pyramid(picture).sample(crop.scaled(0.6), 32, "replicate")
    assert float(inner.std()) < 0.01


def test_outside_the_picture_is_black_or_the_nearest_pixel():
    picture = torch.full((8, 8, 3), 0.5)
    crop = Crop(center_x=100.0, center_y=3.5, side=8.0)
    assert float(Pyramid(picture).sample(crop, 8, "zero").max()) == 0
    assert float(Pyramid(picture).sample(crop, 8, "replicate").min()) == pytest.approx(
        0.7354, abs=1e-3
    )
