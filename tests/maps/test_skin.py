from dataclasses import replace

import torch

from avatar.core.harmonics import sh_basis
from avatar.core.mesh import vertex_normals
from avatar.fit.hair import HairCover
from avatar.maps.skin import bake_skin
from avatar.maps.texels import texels_of
from avatar.maps.unwrap import PosedHead, unwrap
from tests.maps.conftest import SIZE, WHITE_LIGHT, fitted, painted, photograph


def head_of(model) -> PosedHead:
    faces = torch.cat([part.faces for part in model.parts])
    return PosedHead(vertices=model.template, skin_faces=model.part("skin").faces, occluders=faces)


def test_what_a_photo_shows_lands_where_it_belongs(model):
    colors = painted(model)
    fit, observation = photograph(model, colors, 0.0)
    texels = texels_of(model.part("skin"), model.uvs, 512)
    view = unwrap(observation.photo.pixels, observation.matte, fit.camera, head_of(model), texels)
    seen = view.weights > 0.5
    assert int(seen.sum()) > 20_000
    error = (view.colors - texels.interpolate(colors))[seen].abs()
    assert float(error.quantile(0.99)) < 0.02


def test_the_back_of_the_head_is_not_seen_from_the_front(model):
    fit, observation = photograph(model, painted(model), 0.0)
    texels = texels_of(model.part("skin"), model.uvs, 256)
    view = unwrap(observation.photo.pixels, observation.matte, fit.camera, head_of(model), texels)
    behind = texels.interpolate(model.template)[:, 2] < -0.1
    behind &= texels.mask(model.region("scalp")) > 0.5
    assert bool(behind.any())
    assert float(view.weights[behind].amax()) == 0


def test_no_background_bleeds_into_the_texture(model):
    """The background of the render is pure green, which no vertex is."""
    fit, observation = photograph(model, painted(model), 30.0)
    texels = texels_of(model.part("skin"), model.uvs, 512)
    view = unwrap(observation.photo.pixels, observation.matte, fit.camera, head_of(model), texels)
    green = view.colors[:, 1] - view.colors[:, 0]
    assert float(green[view.weights > 0.05].amax()) < 0.15


def test_the_light_is_taken_out_of_the_albedo(model):
    albedo = torch.full_like(model.template, 0.4)
    light = WHITE_LIGHT.clone()
    light[1] = 0.5  # from the subject's left
    normals = vertex_normals(model.template, model.part("skin").faces)
    shaded = albedo * (sh_basis(normals) @ light)
    fit, observation = photograph(model, shaded, 0.0, light)
    maps = bake_skin(fitted(model, fit), [observation], size=256)
    seen = maps.albedo[maps.confidence > 0.5]
    assert float(seen.std(0).mean() / seen.mean()) < 0.06


def test_the_unseen_side_is_completed_without_holes(model):
    fit, observation = photograph(model, painted(model), 45.0)
    maps = bake_skin(fitted(model, fit), [observation], size=256)
    texels = texels_of(model.part("skin"), model.uvs, 256)
    values = maps.albedo.reshape(-1, 3)[texels.index]
    assert torch.isfinite(maps.albedo).all()
    assert float(values.amin()) >= 0
    face = texels.mask(model.region("face")) > 0.5
    assert float(values[face].mean(-1).amin()) > 0.1


def test_two_photos_of_different_exposure_agree(model):
    colors = torch.full_like(model.template, 0.3)
    left, left_seen = photograph(model, colors, -35.0)
    right, right_seen = photograph(model, colors * 1.6, 35.0)
    maps = bake_skin(fitted(model, left, right), [left_seen, right_seen], size=256)
    seen = maps.albedo[maps.confidence > 0.3]
    assert float(seen.std(0).mean() / seen.mean()) < 0.05


def test_no_texel_of_the_finished_albedo_is_black(model):
    fit, observation = photograph(model, painted(model), 20.0)
    dark = replace(observation, photo=replace(observation.photo, pixels=observation.photo.pixels))
    dark.photo.pixels[:, : SIZE // 3] = 0  # a third of the photo lies in the dark
    maps = bake_skin(fitted(model, fit), [dark], size=256)
    texels = texels_of(model.part("skin"), model.uvs, 256)
    assert float(maps.albedo.reshape(-1, 3)[texels.index].amax(-1).amin()) > 0.01


def test_a_shadow_under_the_chin_is_taken_for_light_not_for_albedo(model):
    albedo = torch.tensor([0.45, 0.28, 0.2]).expand_as(model.template)
    shadow = torch.where(model.region("neck"), 0.5, 1.0)[:, None]
    fit, observation = photograph(model, albedo * shadow, 0.0)
    maps = bake_skin(fitted(model, fit), [observation], size=256)
    texels = texels_of(model.part("skin"), model.uvs, 256)
    neck = texels.mask(model.region("neck")) > 0.99
    values = maps.albedo.reshape(-1, 3)[texels.index]
    assert float(values[neck].mean()) > 0.75 * float(albedo[0].mean())


def test_lips_no_photo_shows_take_the_colour_of_those_it_shows(model):
    lips = model.region("lips")
    colors = torch.where(
        lips[:, None], torch.tensor([0.4, 0.15, 0.13]), torch.tensor([0.45, 0.28, 0.2])
    )
    fit, observation = photograph(model, colors, 0.0)
    maps = bake_skin(fitted(model, fit), [observation], size=256)
    texels = texels_of(model.part("skin"), model.uvs, 256)
    shown = maps.confidence.reshape(-1)[texels.index] > 0.1
    hidden = (texels.mask(lips) > 0.99) & ~shown
    hidden &= texels.mask(model.region("mouth_interior")) < 0.01
    green_per_red = maps.albedo.reshape(-1, 3)[texels.index][hidden]
    green_per_red = green_per_red[:, 1] / green_per_red[:, 0]
    assert float(green_per_red.median()) < 0.48


def test_a_rim_of_light_from_behind_is_not_skin(model):
    colors = torch.tensor([0.4, 0.25, 0.18]).expand_as(model.template).clone()
    face = model.region("face_wide") & ~model.region("ears")
    rim = face & (model.template[:, 0] > 0.05)
    colors[rim] = torch.tensor([1.2, 0.85, 0.6])
    fit, observation = photograph(model, colors, 0.0)
    maps = bake_skin(fitted(model, fit), [observation], size=256)
    texels = texels_of(model.part("skin"), model.uvs, 256)
    values = maps.albedo.reshape(-1, 3)[texels.index].mean(-1)
    lit = texels.mask(rim) > 0.99
    assert float(values[lit].median()) < 1.25 * float(maps.skin_tone.mean())


def test_unlike_sides_of_a_face_are_light(model):
    side = 1 + 0.25 * (model.template[:, :1] / 0.03).tanh()
    colors = torch.tensor([0.4, 0.25, 0.18]) * side
    fit, observation = photograph(model, colors, 0.0)
    maps = bake_skin(fitted(model, fit), [observation], size=256)
    texels = texels_of(model.part("skin"), model.uvs, 256)
    values = maps.albedo.reshape(-1, 3)[texels.index].mean(-1)
    left = texels.mask(model.region("cheeks") & (model.template[:, 0] > 0.02)) > 0.99
    right = texels.mask(model.region("cheeks") & (model.template[:, 0] < -0.02)) > 0.99
    assert 0.85 < float(values[left].median() / values[right].median()) < 1.15


def test_skin_of_another_hue_is_coloured_light(model):
    tone = torch.tensor([0.4, 0.25, 0.18])
    colors = tone.expand_as(model.template).clone()
    x, y, z = model.template.unbind(1)
    jaw = (x > 0.03) & (x < 0.055) & (y < -0.06) & (y > -0.1) & (z > -0.02)
    colors[jaw] = torch.tensor([0.4, 0.31, 0.13])
    fit, observation = photograph(model, colors, 0.0)
    maps = bake_skin(fitted(model, fit), [observation], size=256)
    texels = texels_of(model.part("skin"), model.uvs, 256)
    patch = maps.albedo.reshape(-1, 3)[texels.index][texels.mask(jaw) > 0.99]
    off = (patch.median(0).values / tone).log()
    seen = (colors[jaw][0] / tone).log()
    assert len(patch) > 20
    assert float((off - off.mean()).norm()) < 0.5 * float((seen - seen.mean()).norm())


def test_between_hair_and_skin_lie_strands_and_no_blur(model):
    """Along the hairline some texels are hair, others skin, and few are half of each."""
    hair, tone = torch.tensor([0.06, 0.035, 0.02]), torch.tensor([0.45, 0.28, 0.2])
    _, y, z = model.template.unbind(1)
    front = (y > 0.066).float()
    fit, observation = photograph(model, tone.expand_as(model.template), 180.0)
    cover = HairCover(color=hair, amount=front, ears=torch.zeros_like(front).bool())
    # Long hair: it lies, and is not cropped.
    fit = replace(fitted(model, fit), hair=cover)
    fit = replace(fit, offsets=0.02 * front[:, None].expand(-1, 3))
    size = 1024
    maps = bake_skin(fit, [observation], size=size)
    texels = texels_of(model.part("skin"), model.uvs, size)
    height = texels.interpolate(y[:, None])[:, 0]
    line = (texels.interpolate(z[:, None])[:, 0] > 0) & ((height - 0.064).abs() < 0.002)
    brightness = maps.albedo.reshape(-1, 3)[texels.index][line].mean(-1)
    assert len(brightness) > 500
    assert float(brightness.log().std()) > 0.2
