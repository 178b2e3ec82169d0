import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.maps.lids import crease_shade, folded_lids
from avatar.maps.skin import bake_skin
from avatar.maps.texels import texels_of
from tests.maps.conftest import fitted, photograph

SKIN = torch.tensor([0.45, 0.28, 0.2])


def test_folded_lids_are_upper_lids_only(model):
    folded = folded_lids(model) > 0.5
    assert int(folded.sum()) > 100
    assert bool(model.region("eyelids")[folded].all())
    blink = model.expression_basis[ARKIT_INDEX["eyeBlinkLeft"]]
    blink = blink + model.expression_basis[ARKIT_INDEX["eyeBlinkRight"]]
    assert float((blink[folded, 1] < -0.001).float().mean()) > 0.98


def test_the_crease_is_the_only_shade_on_a_lid():
    folded = torch.tensor([0.0, 0.5, 1.0])
    shade = crease_shade(folded)
    assert float(shade[0]) == float(shade[2]) == 1
    assert 0.8 < float(shade[1]) < 0.95


def test_closed_lids_have_the_colour_of_the_skin_around_them_whatever_the_photo_shows(model):
    """Lashes, shine and iris that a photo of an open eye leaves in the fold are no lid's colour."""
    colors = SKIN.expand_as(model.template).clone()
    generator = torch.Generator().manual_seed(0)
    blotches = torch.rand(len(colors), 1, generator=generator).round() * 0.8 + 0.02
    fold = folded_lids(model) > 0.5
    colors[fold] = blotches.expand(-1, 3)[fold]
    fit, observation = photograph(model, colors, 0.0)
    size = 512
    maps = bake_skin(fitted(model, fit), [observation], size=size)
    texels = texels_of(model.part("skin"), model.uvs, size)
    edge = torch.zeros_like(fold)
    for name in ("lid_rim_left", "lid_rim_right", "lid_edge_left", "lid_edge_right"):
        edge |= model.region(name)
    lid = (texels.mask(fold & ~edge) > 0.99) & (texels.mask(edge) < 0.01)
    albedo = maps.albedo.reshape(-1, 3)[texels.index][lid]
    assert len(albedo) > 100
    off = (albedo / SKIN).log().abs().mean(-1)
    assert float(off.quantile(0.9)) < 0.2
