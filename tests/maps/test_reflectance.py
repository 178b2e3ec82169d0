from dataclasses import replace

import pytest
import torch

from avatar.core.harmonics import irradiance
from avatar.core.mesh import vertex_normals
from avatar.fit.hair import HairCover
from avatar.maps.delight import delight
from avatar.maps.evenness import broad_light
from avatar.maps.lit_view import LitView
from avatar.maps.reflectance import ReflectanceMaps, SolvedLight, bake_reflectance
from avatar.maps.skin import SmoothLight
from avatar.maps.texels import texels_of
from avatar.maps.unwrap import PhotoTexels
from tests.maps.conftest import WHITE_LIGHT, fitted, photograph

TONE = torch.tensor([0.4, 0.25, 0.18])
SIZE = 256


def lit(model, gloss: float) -> LitView:
    """Even white light with a little gloss."""
    ones = torch.ones_like(model.template)
    return LitView(
        vertices=model.template,
        matte=ones,
        gloss=gloss * ones,
        pull=torch.zeros_like(ones),
        openness=ones[:, 0],
        seen=TONE * ones,
        trust=model.region("face").float(),
        footprint=1e-3,
        error=0.0,
    )


def test_gloss_foreseen_is_taken_off_and_spots_stay_albedo(model):
    texels = texels_of(model.part("skin"), model.uvs, SIZE)
    count = len(texels.index)
    spots = (torch.arange(count) % 7 == 0)[:, None]
    albedo = torch.where(spots, 0.7 * TONE, TONE)
    view = PhotoTexels(colors=albedo + 0.04, weights=torch.ones(count))
    found = delight(view, lit(model, 0.04), TONE.expand_as(model.template), texels)
    error = (found.view.colors - albedo).abs().mean(-1) / albedo.mean(-1)
    assert float(error.median()) < 0.03
    assert float(error[spots[:, 0]].median()) < 0.1


def test_a_white_highlight_is_gloss(model):
    texels = texels_of(model.part("skin"), model.uvs, SIZE)
    count = len(texels.index)
    shine = torch.where(torch.arange(count) % 9 == 0, 0.2, 0.02)[:, None]
    view = PhotoTexels(colors=TONE + shine, weights=torch.ones(count))
    found = delight(view, lit(model, 0.04), TONE.expand_as(model.template), texels)
    shiny = shine[:, 0] > 0.1
    left = (found.view.colors[shiny] - TONE).mean()
    assert float(left) < 0.4 * 0.2
    assert float(found.view.weights[shiny].mean()) < float(found.view.weights[~shiny].mean())


def test_broad_light_is_told_from_skin_by_its_strength(model):
    trust = model.region("face").float()
    side = (model.template[:, :1] / 0.04).tanh()

    def left(strength: float) -> torch.Tensor:
        albedo = TONE * (strength * side).exp()
        return (albedo / broad_light(model, albedo, trust, TONE))[trust > 0].mean(-1).log()

    assert float(left(0.5).std()) < 0.35 * 0.5 * float(side[trust > 0].std())
    assert float(left(0.03).std()) > 0.9 * 0.03 * float(side[trust > 0].std())


@pytest.fixture(scope="module")
def baked(model) -> tuple[ReflectanceMaps, ReflectanceMaps]:
    """The maps of an even face lit from one side, with the detail as seen and with none."""
    light = WHITE_LIGHT.clone()
    light[1] = 0.5
    normals = vertex_normals(model.template, model.part("skin").faces)
    fit, observation = photograph(model, TONE * irradiance(light, normals), 0.0, light)
    head = fitted(model, fit)
    with_detail, without = (
        bake_reflectance(head, [observation], SIZE, detail) for detail in (1.0, 0.0)
    )
    return with_detail, without


def test_the_maps_are_even_and_in_range(model, baked):
    maps = baked[0]
    seen = maps.skin.albedo[maps.skin.confidence > 0.5]
    assert float(seen.std(0).mean() / seen.mean()) < 0.08
    for values in (maps.skin.roughness, maps.occlusion, maps.displacement_confidence):
        assert float(values.amin()) >= 0
        assert float(values.amax()) <= 1
    assert 0 <= float(maps.specular.amin()) <= float(maps.specular.amax()) <= 2
    assert torch.isfinite(maps.displacement).all()
    assert float(maps.displacement.abs().amax()) < 3e-3


def test_nothing_is_sure_of_what_the_photo_does_not_show(model, baked):
    maps = baked[0]
    texels = texels_of(model.part("skin"), model.uvs, SIZE // 2)
    behind = texels.interpolate(model.template)[:, 2] < -0.12
    assert float(maps.displacement_confidence.reshape(-1)[texels.index][behind].amax()) < 0.02
    # 384 pixels across: pores are none of what the photo can tell.
    assert float(maps.displacement_confidence.mean()) < 0.5


def test_detail_zero_leaves_the_mesh_as_it_is(baked):
    flat = torch.tensor([0.5, 0.5, 1.0])
    assert float(baked[1].displacement.abs().amax()) == 0
    torch.testing.assert_close(baked[1].skin.normals, flat.expand_as(baked[1].skin.normals))


def test_the_light_solved_on_skin_leaves_hair_alone(model):
    fit, observation = photograph(model, TONE * torch.ones_like(model.template), 0.0, WHITE_LIGHT)
    amount = model.region("face").float() * (model.template[:, 0] > 0)
    cover = HairCover(amount=amount, color=torch.ones(3) / 2, ears=torch.zeros(len(amount)) > 0)
    head = replace(fitted(model, fit), hair=cover)
    texels = texels_of(model.part("skin"), model.uvs, SIZE)
    hairy = texels.interpolate(amount[:, None])[:, 0] > 0.5
    smooth = SmoothLight(head, [observation]).view(0, texels)
    solved = SolvedLight(head, [observation]).view(0, texels)
    assert float(smooth.weights[hairy].max()) > 0.5
    assert torch.equal(solved.colors[hairy], smooth.colors[hairy])
    assert torch.equal(solved.weights[hairy], smooth.weights[hairy])
    assert not torch.allclose(solved.colors[~hairy], smooth.colors[~hairy])
