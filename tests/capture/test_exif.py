"""The focal length is taken from EXIF where, and only where, it tells the angle of view."""

import math
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from avatar.capture.exif import focal_35mm_from_exif
from avatar.capture.read_photo import read_photo

FOCAL, FOCAL_35MM, PIXELS_X, PIXELS_Y = 0x920A, 0xA405, 0xA002, 0xA003
PLANE_X, PLANE_Y, PLANE_UNIT = 0xA20E, 0xA20F, 0xA210


def exif(**tags) -> Image.Exif:
    block = Image.Exif()
    block.get_ifd(0x8769).update({globals()[name]: value for name, value in tags.items()})
    return block


def test_the_35mm_equivalent_is_taken_as_it_is():
    assert focal_35mm_from_exif(exif(FOCAL_35MM=26), 4032, 3024) == 26
    assert focal_35mm_from_exif(exif(FOCAL_35MM=26), 3024, 4032) == 26


def test_a_known_sensor_gives_the_equivalent():
    """A 50 mm lens on an APS-C sensor of 22.3 x 14.9 mm sees like 81 mm."""
    tags = {"FOCAL": 50.0, "PIXELS_X": 6000, "PIXELS_Y": 4000, "PLANE_UNIT": 2}
    block = exif(**tags, PLANE_X=6000 / 22.3 * 25.4, PLANE_Y=4000 / 14.9 * 25.4)
    expected = 50 * math.hypot(36, 24) / math.hypot(22.3, 14.9)
    assert focal_35mm_from_exif(block, 6000, 4000) == pytest.approx(expected, rel=1e-4)


def test_a_reduced_picture_with_a_stale_resolution_says_nothing():
    """Editors update the pixel count but not the resolution: the sensor then seems tiny."""
    tags = {"FOCAL": 50.0, "PIXELS_X": 1500, "PIXELS_Y": 1000, "PLANE_UNIT": 2}
    block = exif(**tags, PLANE_X=6000 / 36 * 25.4, PLANE_Y=4000 / 24 * 25.4)
    assert focal_35mm_from_exif(block, 1500, 1000) is None


@pytest.mark.parametrize(("width", "height"), [(970, 2204), (1000, 1250)])
def test_a_cropped_picture_says_nothing(width: int, height: int):
    assert focal_35mm_from_exif(exif(FOCAL_35MM=50), width, height) is None


def test_a_picture_cropped_since_exif_was_written_says_nothing():
    block = exif(FOCAL_35MM=50, PIXELS_X=6000, PIXELS_Y=4000)
    assert focal_35mm_from_exif(block, 3000, 3000) is None
    assert focal_35mm_from_exif(block, 3000, 2000) == 50


@pytest.mark.parametrize("value", [0, -5, 65535, "none", IFDRational(1, 0), float("nan")])
def test_nonsense_says_nothing(value):
    assert focal_35mm_from_exif(exif(FOCAL_35MM=value), 4000, 3000) is None
    assert focal_35mm_from_exif(Image.Exif(), 4000, 3000) is None


def test_a_rotated_file_keeps_its_focal_length(tmp_path: Path):
    block = exif(FOCAL_35MM=35)
    block[0x0112] = 6
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg", exif=block)
    photo = read_photo(tmp_path / "a.jpg")
    assert (photo.width, photo.height, photo.focal_35mm) == (40, 60, 35)


def test_real_pictures_cropped_from_a_camera_say_nothing(inputs: Path):
    """White House photos, cropped and reduced; their EXIF implies 404, 980 and 97 mm."""
    for name in ("obama", "obama2", "biden"):
        assert read_photo(inputs / "photos" / f"{name}.jpg").focal_35mm is None
