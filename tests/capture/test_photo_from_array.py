"""Pictures in memory become photos with stated units, or are refused."""

import numpy as np
import pytest
import torch

from avatar.capture.photo_from_array import photo_from_array
from avatar.core.errors import ImageError


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_full_scale_is_linear_one(dtype):
    top = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    photo = photo_from_array(np.full((4, 5, 3), top, dtype))
    assert (photo.width, photo.height) == (5, 4)
    assert torch.equal(photo.pixels, torch.ones(4, 5, 3))


def test_values_are_srgb_unless_said_to_be_linear():
    values = torch.full((2, 2, 3), 0.5)
    assert float(photo_from_array(values).pixels[0, 0, 0]) == pytest.approx(0.21404, abs=1e-5)
    assert float(photo_from_array(values, linear=True).pixels[0, 0, 0]) == 0.5


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1)])
def test_grey_becomes_three_channels(shape):
    photo = photo_from_array(np.full(shape, 51, np.uint8))
    assert photo.pixels.shape == (4, 5, 3)
    torch.testing.assert_close(photo.pixels, torch.full((4, 5, 3), 0.033105), atol=1e-6, rtol=0)


def test_alpha_is_laid_over_white():
    values = np.zeros((1, 2, 4), np.uint8)
    values[0, 0, 3] = 255
    photo = photo_from_array(values)
    assert photo.pixels[0].tolist() == [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((4, 5, 2), np.uint8), "height, width"),
        (np.zeros((4,), np.uint8), "height, width"),
        (np.zeros((0, 5, 3), np.uint8), "no pixels"),
        (np.zeros((4, 5, 3), np.int32), "int32"),
        (np.zeros((4, 5, 3), bool), "bool"),
        (np.full((4, 5, 3), 255.0), "0, 1"),
        (np.full((4, 5, 3), np.nan), "nan"),
        (torch.zeros(4, 5, 3, dtype=torch.int64), "int64"),
    ],
)
def test_what_is_no_picture_is_refused(values, message: str):
    with pytest.raises(ImageError, match=message):
        photo_from_array(values)
