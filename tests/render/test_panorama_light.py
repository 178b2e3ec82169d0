"""A panorama lights a white ball as its pixels, summed one by one, would."""

import math

import pytest
import torch
from torch.testing import assert_close

from avatar.core.harmonics import irradiance, turned_harmonics
from avatar.core.transform import matrix_from_rotation_vector, rotation_about_vertical
from avatar.render.light import Lamp, Light
from avatar.render.panorama_light import FACE_LIGHT, exposed, panorama_light

AHEAD, LEFT, RIGHT = torch.eye(3)[2], torch.eye(3)[0], -torch.eye(3)[0]


def shown(light, normals):
    """What a white ball without gloss or shadows shows at these normals."""
    total = irradiance(light.environment, normals).clamp_min(0)
    for lamp in light.lamps:
        total = total + (normals @ lamp.direction).clamp_min(0)[:, None] * torch.tensor(lamp.color)
    return total


def panorama_with_sun(column, row=100, height=256):
    picture = torch.full((height, 2 * height, 3), 0.2)
    picture[row - 2 : row + 3, column - 3 : column + 4] = torch.tensor([900.0, 800.0, 600.0])
    return picture


def test_even_light_has_no_lamp_and_is_even():
    light = panorama_light(torch.full((64, 128, 3), 7.0))
    assert not light.lamps
    normals = torch.nn.functional.normalize(torch.randn(20, 3), dim=1)
    assert_close(shown(light, normals), torch.full((20, 3), FACE_LIGHT), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("share", "side"), [(0.5, AHEAD), (0.75, RIGHT), (0.25, LEFT)])
def test_sun_shines_from_where_the_panorama_shows_it(share, side):
    light = panorama_light(panorama_with_sun(round(512 * share), row=128))
    (lamp,) = light.lamps
    assert float(lamp.direction @ side) > math.cos(math.radians(3))
    assert lamp.shadow
    red, green, blue = lamp.color
    assert red > green > blue


def test_many_small_lights_do_not_hide_a_large_one():
    picture = torch.full((128, 256, 3), 0.05)
    picture[50:70, 180:200] = 8.0
    picture[20::30, 10::40] = 60.0
    lamps = panorama_light(picture).lamps
    middle = math.pi * 2 * ((190 / 256) - 0.5)
    large = torch.tensor([-math.sin(middle), 0.1, math.cos(middle)])
    brightest = max(lamps, key=lambda lamp: lamp.color)
    assert float(brightest.direction @ torch.nn.functional.normalize(large, dim=0)) > 0.99
    assert brightest.radius > math.radians(8)


def test_turning_takes_the_sun_to_the_left():
    ahead = panorama_light(panorama_with_sun(256, row=128))
    light = ahead.turned(rotation_about_vertical(math.pi / 2))
    assert float(light.lamps[0].direction @ LEFT) > 0.99


def test_light_is_what_the_pixels_sum_up_to():
    generator = torch.Generator().manual_seed(0)
    rough = torch.rand(1, 3, 5, 9, generator=generator) ** 3
    smooth = torch.nn.functional.interpolate(rough, (64, 128), mode="bicubic").clamp_min(0)
    picture = smooth[0].permute(1, 2, 0).contiguous()
    picture[20:24, 80:83] = 40.0
    light = panorama_light(picture)
    assert light.lamps
    polar = (torch.arange(64) + 0.5)[:, None] / 64 * math.pi
    around = (torch.arange(128) + 0.5)[None] / 128 * 2 * math.pi - math.pi
    directions = torch.stack(
        [
            -polar.sin() * around.sin(),
            polar.cos().expand(64, 128),
            polar.sin() * around.cos(),
        ],
        -1,
    ).reshape(-1, 3)
    angles = polar.sin().expand(64, 128).reshape(-1)
    normals = torch.nn.functional.normalize(torch.randn(30, 3, generator=generator), dim=1)
    lit = ((normals @ directions.T).clamp_min(0) * angles) @ picture.reshape(-1, 3)
    found = shown(light, normals)
    gain = (lit * found).sum() / (lit * lit).sum()
    assert float((found - gain * lit).abs().max()) < 0.06 * float(found.max())


def test_light_is_exposed_for_the_face_and_by_stops():
    dim = Light(environment=0.01 * torch.eye(9)[:, :1].expand(9, 3))
    usual, brighter = exposed(dim), exposed(dim, stops=1.0)
    assert float(usual.environment[0, 0]) == pytest.approx(FACE_LIGHT, rel=1e-4)
    assert_close(brighter.environment, 2 * usual.environment)


def test_harmonics_turn_as_directions_do():
    generator = torch.Generator().manual_seed(1)
    light = torch.randn(9, 3, generator=generator)
    rotation = matrix_from_rotation_vector(torch.tensor([0.4, -1.1, 0.7]))
    normals = torch.nn.functional.normalize(torch.randn(40, 3, generator=generator), dim=1)
    turned = turned_harmonics(light, rotation)
    assert_close(
        irradiance(turned, normals @ rotation.T), irradiance(light, normals), rtol=1e-4, atol=1e-4
    )
    lamp = Lamp(direction=AHEAD, color=(1.0, 1.0, 1.0))
    whole = Light(environment=light, lamps=(lamp,)).turned(rotation)
    assert_close(whole.environment, turned)
    assert_close(whole.lamps[0].direction, rotation @ AHEAD)
