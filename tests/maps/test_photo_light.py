import math

import pytest
import torch
from torch.nn import functional

from avatar.core.mesh import vertex_normals
from avatar.fit.visible import occluders
from avatar.maps.photo_light import solve_photo_light
from avatar.maps.skin_tone import believed_level
from avatar.maps.transfer import Transfer, light_transfer
from tests.maps.conftest import camera_at

TONE = torch.tensor([0.4, 0.25, 0.18])


@pytest.fixture(scope="module")
def transfer(model) -> Transfer:
    faces = model.part("skin").faces
    eye = camera_at(0.0).position_in_world
    return light_transfer(model.template, faces, occluders(model), eye)


def lamp_and_sky(transfer: Transfer) -> torch.Tensor:
    """A window at the subject's upper left, in a dim room."""
    towards = functional.normalize(torch.tensor([0.7, 0.5, 0.6]), dim=0)
    window = ((transfer.directions @ towards) > math.cos(0.35)).float()
    return 0.3 + 8.0 * window


def seen(transfer: Transfer, albedo: torch.Tensor) -> torch.Tensor:
    radiance = lamp_and_sky(transfer)[:, None]
    return albedo * (transfer.matte @ radiance) + transfer.gloss @ radiance


def test_light_from_everywhere_shows_open_white_skin_as_white(transfer):
    shown = transfer.matte.sum(1)
    open_sky = transfer.openness > 0.99
    assert int(open_sky.sum()) > 100
    torch.testing.assert_close(
        shown[open_sky], torch.ones_like(shown[open_sky]), atol=0.03, rtol=0.0
    )


def test_the_far_side_of_the_nose_lies_in_its_shadow(model, transfer):
    shown = transfer.matte @ lamp_and_sky(transfer)
    smooth = (
        (vertex_normals(model.template, model.part("skin").faces) @ transfer.directions.T)
        .clamp_min(0)
        .mul(4 / len(transfer.directions))
    ) @ lamp_and_sky(transfer)
    beside = model.region("face") & (model.template[:, 0] < 0) & (shown > 0)
    assert float((shown / smooth)[beside].amin()) < 0.6


def test_albedo_comes_back_from_under_a_window(model, transfer):
    generator = torch.Generator().manual_seed(3)
    blotches = 1 + 0.05 * torch.randn(len(model.template), 1, generator=generator)
    albedo = TONE * blotches
    colors = seen(transfer, albedo)
    weights = model.region("face").float() * (transfer.normals[:, 2] > 0.3)
    light = solve_photo_light(transfer, colors, weights, TONE.expand_as(colors))
    found = (colors - light.gloss) / light.matte.clamp_min(1e-3)
    chosen = weights > 0
    error = (found - albedo).abs()[chosen].mean() / albedo[chosen].mean()
    lit = colors[chosen].mean(1)
    assert float(lit.std() / lit.mean()) > 0.25
    assert float(error) < 0.04


def test_the_window_is_found_where_it_is(model, transfer):
    colors = seen(transfer, TONE.expand_as(model.template))
    weights = model.region("face").float()
    light = solve_photo_light(transfer, colors, weights, TONE.expand_as(colors))
    brightest = light.radiance.mean(1)
    centre = functional.normalize((brightest**2) @ transfer.directions, dim=0)
    wanted = functional.normalize(torch.tensor([0.7, 0.5, 0.6]), dim=0)
    assert float(centre @ wanted) > math.cos(math.radians(20))


def test_dark_hues_are_believed_to_be_dark_skin_and_red_ones_only_flushed():
    grey = torch.tensor([1.0, 1.0, 1.0]) * 0.25
    brown = grey * torch.tensor([1.6, 0.9, 0.55])
    flushed = grey * torch.tensor([1.5, 0.85, 0.85])
    weights = torch.tensor([0.2126, 0.7152, 0.0722])
    brown, flushed = (0.25 * tone / (tone @ weights) for tone in (brown, flushed))
    assert believed_level(brown) < 0.9 * believed_level(flushed)
    assert believed_level(0.5 * brown) < believed_level(brown)
