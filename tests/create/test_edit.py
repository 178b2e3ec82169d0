"""Editing a finished head: what changes, what stays, what is taken back."""

from dataclasses import replace

import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.avatar import Avatar
from avatar.core.errors import ModelError, OptionError
from avatar.core.pigments import pigments, skin_color
from avatar.create.default_head import default_head
from avatar.create.edit import edit
from avatar.create.edit_options import EditOptions
from avatar.head.registry import load_model


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def head(model) -> Avatar:
    """A head whose skin is painted: pale, with black hair on its scalp, and bumpy."""
    plain = default_head(model)
    colors = skin_color(0.2, 0.4).expand(64, 64, 3).clone()
    normals = torch.tensor([0.6, 0.5, 0.95]).expand(64, 64, 3).clone()
    skin = replace(plain.material("skin"), base_color_map=colors, normal_map=normals)
    others = tuple(skin if own.name == "skin" else own for own in plain.materials)
    return replace(plain, materials=others)


def test_no_change_changes_nothing(head):
    same = edit(head, EditOptions())
    assert torch.equal(same.mesh.vertices, head.mesh.vertices)
    assert torch.equal(same.rig.morphs, head.rig.morphs)
    assert same.material("skin") is head.material("skin")


def test_a_step_is_taken_back_by_its_opposite(head):
    there = edit(head, EditOptions(age=30, weight=0.5))
    back = edit(there, EditOptions(age=-30, weight=-0.5))
    skin = head.mesh.part("skin").faces.unique()
    moved = (there.mesh.vertices - head.mesh.vertices).norm(dim=1)
    left = (back.mesh.vertices - head.mesh.vertices).norm(dim=1)
    assert moved.max() > 5e-3
    assert left[skin].max() < 5e-5
    # Eyeballs are set against the lids each time.
    assert left.max() < 5e-4


def test_heavier_is_wider_at_the_cheeks_and_thinner_narrower(head, model):
    cheeks = model.region("cheeks")

    def width(avatar: Avatar) -> float:
        x = avatar.mesh.vertices[cheeks, 0]
        return float(x.max() - x.min())

    heavy, thin = (edit(head, EditOptions(weight=weight)) for weight in (1.0, -1.0))
    assert width(thin) < width(head) - 1e-3 < width(heavy) - 2e-3


def test_edited_lids_and_lips_still_close(head, model):
    old = edit(head, EditOptions(age=50, weight=1.0, asian=0.5))

    def lid_gap(avatar: Avatar, closed: float) -> torch.Tensor:
        blink = closed * avatar.rig.morphs[ARKIT_INDEX["eyeBlinkLeft"]]
        lid = model.landmarks68.on(avatar.mesh.vertices + blink)
        # iBUG 43, 44 lie on the left upper lid, 47, 46 below them.
        return (lid[[43, 44]] - lid[[47, 46]]).norm(dim=1)

    # The points lie off the lids' edges: shut lids of the head before say how far.
    assert (lid_gap(old, 1.0) < lid_gap(head, 1.0) + 5e-4).all()
    assert (lid_gap(old, 1.0) < 0.5 * lid_gap(old, 0.0)).all()
    points = model.landmarks68.on(old.mesh.vertices)
    before = model.landmarks68.on(head.mesh.vertices)
    inner = (points[[61, 62, 63]] - points[[67, 66, 65]]).norm(dim=1)
    assert (inner < (before[[61, 62, 63]] - before[[67, 66, 65]]).norm(dim=1) + 5e-4).all()


def test_tone_darkens_skin_by_that_melanin_and_leaves_black_hair(head):
    colors = head.material("skin").base_color_map.clone()
    colors[:, :8] = 0.01
    skin = replace(head.material("skin"), base_color_map=colors)
    others = tuple(skin if own.name == "skin" else own for own in head.materials)
    haired = replace(head, materials=others)
    dark = edit(haired, EditOptions(tone=0.3)).material("skin").base_color_map
    change = (pigments(dark) - pigments(colors))[..., 0]
    assert abs(float(change[:, 24:].median()) - 0.3) < 1e-3
    assert torch.equal(dark, edit(haired, EditOptions(tone=0.3)).material("skin").base_color_map)
    light = (
        edit(
            replace(haired, materials=edit(haired, EditOptions(tone=0.3)).materials),
            EditOptions(tone=-0.3),
        )
        .material("skin")
        .base_color_map
    )
    assert (light[:, 24:] - colors[:, 24:]).abs().max() < 0.02


def test_no_detail_is_smooth_and_undone_by_nothing_but_itself(head):
    smooth = edit(head, EditOptions(detail=0.0)).material("skin").normal_map
    assert (smooth - torch.tensor([0.5, 0.5, 1.0])).abs().max() < 1e-6
    steep = edit(head, EditOptions(detail=2.0))
    back = edit(steep, EditOptions(detail=0.5)).material("skin").normal_map
    unit = torch.nn.functional.normalize(2 * head.material("skin").normal_map - 1, dim=-1)
    assert (2 * back - 1 - unit).abs().max() < 1e-5


def test_shape_of_a_foreign_head_is_refused_and_tone_is_not(head):
    foreign = replace(head, info=replace(head.info, head_model="ict"))
    with pytest.raises(ModelError, match="--model anny"):
        edit(foreign, EditOptions(age=10))
    assert edit(foreign, EditOptions(tone=0.2)) is not foreign


@pytest.mark.parametrize("wish", [{"age": 80}, {"weight": float("nan")}, {"detail": -1}])
def test_wishes_out_of_range_are_refused(wish):
    with pytest.raises(OptionError, match=next(iter(wish))):
        EditOptions(**wish)
