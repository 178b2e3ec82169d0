"""Colours are told apart into albedo and light."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from avatar.core.harmonics import irradiance
from avatar.core.material import linear_from_srgb, srgb_from_linear
from avatar.core.splats import LAYERS
from avatar.gaussian.options import TrainOptions
from avatar.gaussian.parameters import Binding
from avatar.gaussian.solve_relighting import HeadSurface, solve_environment, solve_relighting
from avatar.gaussian.trainer import Trainer
from tests.core.a_few_splats import a_few_splats
from tests.export.synthetic import synthetic_avatar
from tests.gaussian.scene import made_up_take


def a_light():
    environment = torch.zeros(9, 3)
    environment[0] = torch.tensor([0.9, 0.8, 0.7])
    environment[1], environment[2], environment[3] = 0.3, 0.2, 0.25
    return environment


@pytest.fixture(scope="module")
def surface():
    head = synthetic_avatar()
    splats = a_few_splats(head, count=400)
    layers = torch.full_like(splats.layers, LAYERS.index("face"))
    binding = Binding(
        corners=splats.corners,
        barycentrics=splats.barycentrics,
        layers=layers,
        seen=torch.ones(len(layers), dtype=torch.bool),
    )
    found = HeadSurface.of(head).at(binding.anchors, layers)
    assert int(found.skin.sum()) > 100
    return found


def lit(surface, environment):
    sent = irradiance(environment, surface.normals) * surface.openness[:, None]
    return srgb_from_linear(surface.albedo * sent)


def test_light_is_found_from_lit_texture(surface):
    # The texture must not be black nor the colours clipped for the light to be there.
    bright = replace(surface, albedo=0.2 + 0.3 * surface.albedo)
    seen = torch.ones(len(bright.albedo), dtype=torch.bool)
    found = solve_environment(bright, lit(bright, a_light()), seen)
    normals = bright.normals[bright.skin]
    assert_close(irradiance(found, normals), irradiance(a_light(), normals), atol=0.03, rtol=0.05)


def test_albedo_is_what_the_light_leaves_of_the_colours(surface):
    bright = replace(surface, albedo=torch.full_like(surface.albedo, 0.3), openness=torch.ones(400))
    own = 0.2 + 0.2 * torch.rand(400, 1, generator=torch.Generator().manual_seed(0))
    sent = irradiance(a_light(), bright.normals)
    colors = srgb_from_linear(own * sent)
    seen = torch.arange(400) % 5 > 0
    relighting = solve_relighting(bright, colors, a_light(), seen)
    albedo = linear_from_srgb(colors) / relighting.filmed_light
    lit_well = seen & (sent.amin(1) > 0.4)
    assert_close(albedo[lit_well], own.expand(-1, 3)[lit_well], atol=0.01, rtol=0.03)
    # What no frame shows was painted in the usual light, not in its own.
    assert bool((relighting.filmed_light[~seen] == relighting.filmed_light[~seen][0]).all())
    assert float(relighting.filmed_light.min()) > 0


def test_trained_splats_know_their_light():
    trainer = Trainer(made_up_take(), TrainOptions(splats=600, size=64, steps=100))
    before = trainer.optimizer.shared.environment.detach().clone()
    for _ in range(6):
        trainer.advance()
    known = trainer.splats().relighting
    assert known is not None
    assert not torch.equal(known.environment, before)
    assert_close(known.environment, before, atol=0.05, rtol=0)
    assert_close(known.normals.norm(dim=1), torch.ones(len(known.normals)))
    assert bool((known.filmed_light > 0).all())
