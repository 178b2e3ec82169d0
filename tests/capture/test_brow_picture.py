"""Brows are kept small and where they were seen."""

import pytest
import torch

from avatar.capture.brow_picture import brow_picture
from avatar.capture.read_video import VideoFrame


def face_of(width, left=0.0, top=0.0):
    """Points of a face so wide, in pixels; those that matter are spread as a face's are."""
    points = torch.zeros(478, 3)
    points[:, 0], points[:, 1] = left + width / 2, top + width / 2
    points[[21, 54, 33], 0], points[[251, 284, 263], 0] = left, left + width
    points[10, 1] = top
    points[468, 0], points[473, 0] = left + 0.25 * width, left + 0.75 * width
    return points


def ramp(height, width):
    row = torch.linspace(40, 220, width).round().to(torch.uint8)
    return VideoFrame(pixels=row[None, :, None].repeat(height, 1, 3), time=0.0)


@pytest.mark.parametrize("width", [60, 150, 1200])
def test_picture_is_small_and_shows_what_was_there(width):
    frame = ramp(2 * width, 2 * width)
    picture = brow_picture(frame, face_of(width, width / 2, width / 3))
    rows, columns = picture.grey.shape
    assert rows * columns <= 144 * 144
    middle = picture.left + (columns // 2 + 0.5) / columns * picture.width - 0.5
    seen = float(picture.grey[rows // 2, columns // 2])
    assert seen == pytest.approx(40 + 180 * middle / (2 * width - 1), abs=2)
    assert float(picture.linear().max()) <= 1


def test_brows_at_the_border_are_cut_and_those_outside_are_none():
    frame = ramp(100, 100)
    picture = brow_picture(frame, face_of(80, left=60, top=10))
    assert picture.left + picture.width == 100
    assert brow_picture(frame, face_of(80, left=300, top=10)) is None
