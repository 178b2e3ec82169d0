import pytest
import torch

from avatar.head.parts.eyeball import LIMBUS_UV_RADIUS
from avatar.head.parts.textures import eye_texture, lash_texture, part_materials, teeth_texture


def test_iris_has_the_colour_asked_for():
    color = torch.tensor([0.10, 0.18, 0.30])
    image = eye_texture(color, size=256)
    steps = (torch.arange(256) + 0.5) / 256 - 0.5
    radius = torch.hypot(*torch.meshgrid(steps, steps, indexing="ij")) / LIMBUS_UV_RADIUS
    below = (steps > 0)[:, None]  # lids shade the upper half
    ring = image[(radius > 0.5) & (radius < 0.8) & below].mean(0)
    assert (ring / color - 1).abs().max() < 0.2
    assert image[radius < 0.2].max() < 0.01
    assert image[(radius > 1.2) & (radius < 1.6) & below].min() > 0.1


def test_the_upper_lid_shades_the_eye():
    white = eye_texture(torch.tensor([0.1, 0.1, 0.1])).mean(-1)
    assert white[120, 256] < 0.6 * white[392, 256]


def test_same_generator_state_paints_the_same_eye():
    color = torch.tensor([0.1, 0.05, 0.03])
    one, two = (eye_texture(color, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    assert not torch.equal(one, eye_texture(color, generator=torch.Generator().manual_seed(4)))


def test_teeth_are_off_white_and_darker_at_the_neck():
    image = teeth_texture(256)
    end, neck = image[12:20, 5:30].mean((0, 1)), image[78:85, 5:30].mean((0, 1))
    assert 0.3 < neck.mean() < end.mean() < 0.75
    assert neck[2] < 0.9 * neck[0]


def test_lashes_are_sparse_at_the_tips_and_never_light():
    image = lash_texture(torch.tensor([0.8, 0.6, 0.4]))
    assert image[..., :3].max() < 0.05
    assert image[:10, :, 3].mean() < 0.1 < image[-10:, :, 3].mean()


def test_materials_are_named_and_their_maps_lie_in_the_unit_range():
    materials = part_materials(torch.tensor([0.1, 0.1, 0.1]), torch.tensor([0.1, 0.05, 0.03]))
    assert {m.name for m in materials} == {
        "eye",
        "cornea",
        "conjunctiva",
        "teeth",
        "tongue",
        "lashes",
    }
    for material in materials:
        if material.base_color_map is not None:
            assert material.base_color_map.min() >= 0
            assert material.base_color_map.max() <= 1
            assert material.base_color_map.dtype == torch.float32


@pytest.mark.parametrize("size", [64, 512])
def test_eye_texture_has_the_size_asked_for(size):
    assert eye_texture(torch.tensor([0.1, 0.1, 0.1]), size=size).shape == (size, size, 3)
