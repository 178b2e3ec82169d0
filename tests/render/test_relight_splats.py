"""Splats lit anew: the filmed light gives the filmed colours, another one what a shader gives."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from avatar.core.errors import OptionError
from avatar.core.material import linear_from_srgb
from avatar.core.pose_splats import SplatRig, pose_splats
from avatar.core.splats import SplatRelighting
from avatar.core.transform import Transform, matrix_from_rotation_vector
from avatar.render.light import Lamp, Light
from avatar.render.relight_splats import SplatLighting
from avatar.render.splat_stage import SplatStage
from tests.core.a_few_splats import a_few_splats
from tests.export.synthetic import synthetic_avatar
from tests.gaussian.scene import camera

ALBEDO = 0.4


@pytest.fixture
def head():
    """A head of one albedo, filmed in a light from the left; nothing hides the sky."""
    bare = synthetic_avatar()
    splats = a_few_splats(bare)
    count = len(splats)
    generator = torch.Generator().manual_seed(3)
    normals = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=1)
    environment = torch.zeros(9, 3)
    environment[0], environment[1] = 0.8, 0.4
    filmed = 0.8 + 0.4 * normals[:, :1].expand(count, 3)
    linear = ALBEDO * filmed
    srgb = torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    relighting = SplatRelighting(
        normals=normals,
        filmed_light=filmed,
        openness=torch.ones(count),
        roughnesses=torch.full((count,), 0.5),
        environment=environment,
    )
    still = torch.zeros_like(splats.color_shapes)
    splats = replace(splats, colors=srgb, color_shapes=still, relighting=relighting)
    return replace(bare, splats=splats)


def lit(head, light, turn=(0.0, 0.0, 0.0), *, tone=False):
    pose = Transform(
        rotation=matrix_from_rotation_vector(torch.tensor(turn)), translation=torch.zeros(3)
    )
    splats = replace(head.splats, head_shares=torch.ones(len(head.splats)))
    rig = SplatRig.build(head, splats.corners, splats.barycentrics)
    posed = pose_splats(splats, rig, torch.zeros(52), pose)
    lighting = SplatLighting.build(head, splats)
    vertices = pose.apply(head.mesh.vertices)
    light = lighting.filmed_light if light is None else light
    return posed, lighting.lit(posed, vertices, light, camera(), tone=tone)


def test_filmed_light_gives_the_filmed_colours(head):
    posed, shone = lit(head, None)
    assert_close(shone.colors, posed.colors, atol=2e-3, rtol=0)
    assert_close(posed.colors, head.splats.colors, atol=1e-5, rtol=0)


def test_turned_splats_take_another_share_of_the_filmed_light(head):
    posed, shone = lit(head, None, turn=(0.0, 0.5, 0.0))
    turned = (
        head.splats.relighting.normals
        @ matrix_from_rotation_vector(torch.tensor([0.0, 0.5, 0.0])).T
    )
    expected = ALBEDO * (0.8 + 0.4 * turned[:, :1]).expand(-1, 3)
    assert float((posed.colors - head.splats.colors).abs().max()) > 0.05
    # Displayed shares of light follow a plain power, not quite sRGB's curve.
    assert_close(linear_from_srgb(posed.colors), expected, atol=0.02, rtol=0)
    assert_close(linear_from_srgb(shone.colors), expected, atol=1e-3, rtol=0)


def test_a_light_from_the_other_side_shows_the_albedo(head):
    environment = torch.zeros(9, 3)
    environment[0], environment[1] = 0.8, -0.4
    _, shone = lit(head, Light(environment=environment, sheen=0.0, mirrored=0.0))
    normals = head.splats.relighting.normals
    expected = ALBEDO * (0.8 - 0.4 * normals[:, :1]).expand(-1, 3)
    assert_close(linear_from_srgb(shone.colors), expected, atol=1e-3, rtol=0)


def test_lamps_light_what_faces_them_and_the_head_casts_a_shadow(head):
    # A wall before the head, on the lamp's side.
    lamp = Lamp(direction=torch.tensor([0.0, 0.0, 1.0]), color=(1.0, 1.0, 1.0))
    dark = Light(environment=torch.zeros(9, 3), lamps=(lamp,))
    _, open_air = lit(head, dark)
    away = head.splats.relighting.normals[:, 2] < -0.4
    towards = head.splats.relighting.normals[:, 2] > 0.4
    assert float(open_air.colors[away].max()) < 0.02
    assert float(open_air.colors[towards].min()) > 0.3
    _, shaded = lit(head, replace(dark, lamps=(replace(lamp, shadow=True),)))
    darker = open_air.colors.sum(1) - shaded.colors.sum(1)
    assert float(darker.min()) > -1e-4
    assert float(darker.max()) > 0.3


def test_bright_light_stays_in_range(head):
    light = Light(environment=50 * torch.eye(9)[:, :1].expand(9, 3))
    _, shone = lit(head, light, tone=True)
    assert float(shone.colors.max()) <= 1
    assert bool(shone.colors.isfinite().all())


def test_avatars_without_relighting_are_told(head):
    plain = replace(head, splats=replace(head.splats, relighting=None))
    stage = SplatStage.build(plain)
    pose = Transform.identity(torch.zeros(3))
    same = stage.lit(torch.zeros(52), pose, None, camera())
    assert len(same.colors) == len(plain.splats)
    with pytest.raises(OptionError, match="trained without relighting"):
        stage.lit(torch.zeros(52), pose, Light(environment=torch.zeros(9, 3)), camera())


def test_hidden_layers_take_their_relighting_along(head):
    some = head.splats.chosen(head.splats.layers == 0)
    assert len(some.relighting.normals) == len(some) < len(head.splats)
