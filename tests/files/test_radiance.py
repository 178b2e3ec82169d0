"""Panoramas come as Radiance pictures, in both encodings; what is none is told."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from avatar.core.errors import ImageError
from avatar.files.radiance import read_radiance

HEAD = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n"


def some_pixels(height=3, width=12):
    rgbe = np.random.default_rng(0).integers(1, 255, (height, width, 4), dtype=np.uint8)
    rgbe[..., 3] = 125 + rgbe[..., 3] % 6
    rgbe[1, 2:9] = rgbe[1, 2]  # a run
    rgbe[2, 3] = 0
    return rgbe


def light_of(rgbe):
    scale = np.where(rgbe[..., 3:] > 0, 2.0 ** (rgbe[..., 3:].astype(float) - 136), 0)
    return torch.from_numpy((rgbe[..., :3] * scale).astype(np.float32))


def run_length_encoded(rgbe):
    """Runs of at least three, the rest copied."""
    parts = []
    for row in rgbe:
        parts.append(bytes([2, 2, len(row) >> 8, len(row) & 255]))
        for channel in row.T:
            place = 0
            while place < len(channel):
                same = place
                while same < len(channel) and channel[same] == channel[place]:
                    same += 1
                if same - place >= 3:
                    parts.append(bytes([128 + same - place, channel[place]]))
                    place = same
                else:
                    parts.append(bytes([1, channel[place]]))
                    place += 1
    return b"".join(parts)


@pytest.mark.parametrize("encode", [run_length_encoded, np.ndarray.tobytes])
def test_pixels_are_read_as_linear_light(encode, tmp_path):
    rgbe = some_pixels()
    path = tmp_path / "a.hdr"
    path.write_bytes(HEAD + b"-Y 3 +X 12\n" + encode(rgbe))
    assert_close(read_radiance(path), light_of(rgbe))


def test_what_is_no_panorama_is_told(tmp_path):
    path = tmp_path / "a.hdr"
    body = run_length_encoded(some_pixels())
    for content, message in (
        (b"BM", "does not begin"),
        (HEAD, "expected a Radiance"),
        (HEAD + b"+X 4 +Y 4\n", "rows must go from the top left"),
        (HEAD + b"-Y 99999999 +X 9999999\n", "pixels"),
        (HEAD + b"-Y 3 +X 12\n" + body[:-9], "expected a Radiance"),
        (HEAD + b"-Y 3 +X 11\n" + body, "another width"),
        (HEAD + b"-Y 3 +X 4\n" + b"abc", "ends too soon"),
        (HEAD + b"-Y 3 +X 12\n\2\2\0\14\0" + body, "run does not fit"),
    ):
        path.write_bytes(content)
        with pytest.raises(ImageError, match=message):
            read_radiance(path)
    with pytest.raises(ImageError, match="cannot be read"):
        read_radiance(tmp_path / "none.hdr")


def test_real_panoramas_are_read(inputs):
    sky = read_radiance(inputs / "hdr" / "autumn_field_puresky_1k.hdr")
    assert sky.shape == (512, 1024, 3)
    assert bool((sky >= 0).all())
    assert float(sky.max()) > 1e4
    assert float(sky[:200].mean()) > float(sky[300:].mean())
