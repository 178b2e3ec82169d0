import io

import numpy as np
import pytest
import torch
from PIL import Image

from avatar.core.errors import OptionError
from avatar.create.map_files import map_png, map_sheet
from avatar.create.options import ReconstructOptions
from avatar.create.reconstruct import reconstruct
from avatar.files.png import decode_png
from avatar.maps.reflectance import ReflectanceMaps
from avatar.maps.skin import SkinMaps


@pytest.fixture
def maps() -> ReflectanceMaps:
    grey = torch.full((16, 16), 0.5)
    skin = SkinMaps(
        albedo=torch.full((32, 32, 3), 0.2),
        roughness=grey,
        normals=torch.tensor([0.5, 0.5, 1.0]).expand(16, 16, 3),
        confidence=torch.ones(32, 32),
        skin_tone=torch.full((3,), 0.2),
        hair_color=torch.full((3,), 0.02),
    )
    return ReflectanceMaps(
        skin=skin,
        specular=torch.ones(16, 16),
        occlusion=grey,
        displacement=torch.full((16, 16), 2e-3),
        displacement_confidence=grey,
        gloss_confidence=grey,
    )


def test_a_map_keeps_sixteen_bits(maps):
    pixels = decode_png(map_png(maps, "displacement"), max_side=16)
    assert pixels.dtype == np.uint16
    assert abs(int(pixels[0, 0, 0]) - round(0.7 * 65535)) <= 1


def test_every_map_has_a_file_and_a_place_on_the_sheet(maps):
    from avatar.cli.outputs import MAP_FILES, MAP_SHEET

    for name in MAP_FILES:
        if name != MAP_SHEET:
            assert Image.open(io.BytesIO(map_png(maps, name))).size[0] >= 16
    assert map_sheet(maps).width > 3 * 500


def test_maps_of_a_size_there_is_not_are_refused():
    options = ReconstructOptions()
    object.__setattr__(options, "maps", "3k")  # the tests' type checker refuses it earlier
    with pytest.raises(OptionError, match="1k, 2k, 4k"):
        reconstruct("face.jpg", options)


@pytest.mark.parametrize("detail", [-1.0, float("nan"), 9.0])
def test_a_detail_that_makes_no_sense_is_refused(detail):
    with pytest.raises(OptionError, match="detail"):
        reconstruct("face.jpg", ReconstructOptions(maps="1k", detail=detail))
