"""A layer of one avatar is worn by another: where it sat, in the wearer's light."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from avatar.core.errors import OptionError
from avatar.core.pose_splats import SplatRig, pose_splats
from avatar.core.splats import LAYERS, SplatRelighting
from avatar.core.transform import Transform
from avatar.gaussian.swap_layer import swap_layer
from tests.core.a_few_splats import a_few_splats, open_jaw
from tests.export.synthetic import synthetic_avatar

HAIR = LAYERS.index("hair")


def trained(light: float, codes: int = 3):
    head = synthetic_avatar()
    splats = a_few_splats(head, codes=codes)
    count = len(splats)
    environment = torch.zeros(9, 3)
    environment[0] = light
    relighting = SplatRelighting(
        normals=torch.nn.functional.normalize(torch.randn(count, 3), dim=1),
        filmed_light=torch.full((count, 3), light),
        openness=torch.ones(count),
        roughnesses=torch.full((count,), 0.5),
        environment=environment,
    )
    return replace(head, splats=replace(splats, colors=splats.colors / 2, relighting=relighting))


def test_hair_of_another_is_worn_in_the_wearers_light():
    wearer, lender = trained(0.4), trained(0.8, codes=5)
    larger = replace(lender.mesh, vertices=2 * lender.mesh.vertices)
    lender = replace(
        lender, mesh=larger, splats=replace(lender.splats, means=2 * lender.splats.means)
    )
    both = swap_layer(wearer, lender, "hair").splats
    hair = both.layers == HAIR
    assert int(hair.sum()) == int((lender.splats.layers == HAIR).sum())
    own = wearer.splats.chosen(wearer.splats.layers != HAIR)
    assert_close(both.means[~hair], own.means)
    assert_close(both.colors[~hair], own.colors)
    # The lender's head is twice as large: its hair comes to where it was on the smaller one.
    assert_close(both.means[hair], a_few_splats(wearer).means[hair.new_tensor(hair_rows(wearer))])
    before = lender.splats.colors[lender.splats.layers == HAIR]
    assert bool((both.colors[hair] < before - 1e-3).any())
    assert_close(both.relighting.filmed_light[hair], torch.full((int(hair.sum()), 3), 0.4))


def hair_rows(head):
    return (head.splats.layers == HAIR).tolist()


def test_what_is_worn_follows_the_wearer():
    wearer, lender = trained(0.4), trained(0.4)
    head = swap_layer(wearer, lender, "face")
    splats = head.splats
    rig = SplatRig.build(head, splats.corners, splats.barycentrics)
    posed = pose_splats(splats, rig, open_jaw(), Transform.identity(torch.zeros(3)))
    assert len(posed.means) == len(splats)
    assert bool(posed.colors.isfinite().all())


def test_swaps_that_make_no_sense_are_told():
    wearer, lender = trained(0.4), trained(0.4)
    other = replace(lender, mesh=replace(lender.mesh, parts=lender.mesh.parts[:-1]))
    for heads, layer, message in (
        ((wearer, lender), "hat", "expected one of face, hair"),
        ((wearer, replace(lender, splats=None)), "hair", "`avatar train` made"),
        ((wearer, other), "hair", "different meshes"),
    ):
        with pytest.raises(OptionError, match=message):
            swap_layer(*heads, layer)
