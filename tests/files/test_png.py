import io

import numpy as np
import pytest
from PIL import Image

from avatar.files.png import PngError, decode_png, encode_png


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(7, 5, 1), (7, 5, 3), (7, 5, 4), (1, 1, 3), (300, 2, 3)])
def test_pixels_come_back_exactly(dtype, shape):
    limit = np.iinfo(dtype).max
    pixels = np.random.default_rng(0).integers(0, limit, shape, dtype=dtype, endpoint=True)
    again = decode_png(encode_png(pixels), max_side=300)
    assert again.dtype == dtype
    assert np.array_equal(again, pixels)


def test_pillow_reads_the_16_bit_files_too():
    pixels = np.random.default_rng(1).integers(0, 65535, (6, 9, 3), dtype=np.uint16)
    read = np.array(Image.open(io.BytesIO(encode_png(pixels))))
    assert np.array_equal(read, pixels >> 8)  # all of it that Pillow keeps


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_damage_is_noticed(dtype):
    data = encode_png(np.zeros((50, 50, 3), dtype))
    for broken in (data[:60], data[:45] + b"xxxx" + data[49:], b"", data[1:]):
        with pytest.raises(PngError):
            decode_png(broken, max_side=50)


def test_the_size_is_checked_before_unpacking():
    with pytest.raises(PngError, match="50 x 50"):
        decode_png(encode_png(np.zeros((50, 50, 3), np.uint16)), max_side=49)


def test_an_array_in_any_memory_order_is_the_same_picture():
    pixels = np.random.default_rng(2).integers(0, 65535, (3, 6, 9), dtype=np.uint16)
    turned = pixels.transpose(1, 2, 0)
    assert encode_png(turned) == encode_png(np.ascontiguousarray(turned))
