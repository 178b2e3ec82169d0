from itertools import pairwise

import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.mesh import face_normals
from avatar.head.anny.linear_map import apply_map
from avatar.head.parts.arch import tooth_places
from avatar.head.parts.crowns import crown_surface, lower_crowns, upper_crowns
from avatar.head.parts.teeth import lower_arch, upper_arch


@pytest.mark.parametrize("crown", [*upper_crowns(), *lower_crowns()])
def test_crown_has_its_measures_and_faces_outwards(crown):
    surface = crown_surface(crown)
    size = surface.vertices.max(0).values - surface.vertices.min(0).values
    assert size[0].item() == pytest.approx(crown.width, rel=0.05)
    assert size[2].item() == pytest.approx(crown.depth, rel=0.15)
    middle = surface.vertices.mean(0)
    outwards = (
        face_normals(surface.vertices, surface.faces)
        * (surface.vertices[surface.faces].mean(1) - middle)
    ).sum(-1)
    assert (outwards[:-24] > 0).all()


def test_teeth_stand_side_by_side_without_gap_or_crowding():
    for arch in (upper_arch(), lower_arch()):
        places = tooth_places(arch)
        for here, following in pairwise(places):
            step = (following.origin - here.origin)[[0, 2]].norm().item()
            touching = (here.crown.width + following.crown.width) / 2
            assert 0.9 * touching < step < 1.02 * touching


def test_front_teeth_leave_no_gaps_between_them_up_to_their_gums():
    for crown in (*upper_crowns()[:3], *lower_crowns()[:3]):
        surface = crown_surface(crown).vertices
        for share in (0.28, 0.58):
            height = surface[:, 1]
            ring = (height - share * crown.height).abs() < 0.1 * crown.height
            width = surface[ring, 0].max() - surface[ring, 0].min()
            assert width > 0.93 * crown.width


def test_upper_incisors_overlap_the_lower_and_stand_before_them(parts):
    upper, lower = parts["teeth_upper"].vertices, parts["teeth_lower"].vertices
    teeth = 7 * 85
    assert 0.0015 < lower[:teeth, 1].max() - upper[:teeth, 1].min() < 0.0035
    assert 0.0015 < upper[:, 2].max() - lower[:teeth, 2].max() < 0.004


def test_upper_teeth_keep_still_and_lower_ones_move_rigidly_with_the_jaw(parts):
    assert parts["teeth_upper"].expression.abs().max() == 0
    lower = parts["teeth_lower"]
    for name in ("jawOpen", "jawLeft", "jawForward"):
        moved = lower.vertices + lower.expression[ARKIT_INDEX[name]]
        pairs = torch.arange(0, len(moved) - 50, 37)
        before = (lower.vertices[pairs] - lower.vertices[pairs + 50]).norm(dim=-1)
        torch.testing.assert_close((moved[pairs] - moved[pairs + 50]).norm(dim=-1), before)
    opened = lower.expression[ARKIT_INDEX["jawOpen"]]
    front = lower.vertices[:, 2] > 0.012
    assert opened[front, 1].mean() < -0.02


def test_left_and_right_jaw_shapes_mirror_each_other(parts):
    lower = parts["teeth_lower"]
    left = lower.expression[ARKIT_INDEX["jawLeft"]].mean(0)
    right = lower.expression[ARKIT_INDEX["jawRight"]].mean(0)
    torch.testing.assert_close(left[1:], right[1:], atol=1e-5, rtol=0)
    assert left[0] > 0.004
    assert left[0].item() == pytest.approx(-right[0].item(), abs=1e-5)


def test_parts_follow_a_shift_of_the_head(source, parts):
    shift = torch.tensor([0.001, -0.002, 0.003], dtype=torch.float64)
    field = shift.expand(len(source.vertices), 3).contiguous()
    for part in parts.values():
        moved = apply_map(part.binding, field)
        torch.testing.assert_close(moved, shift.expand_as(moved), atol=1e-9, rtol=0)


def test_teeth_and_gums_face_outwards(parts):
    for jaw in ("upper", "lower"):
        part = parts[f"teeth_{jaw}"]
        normals = face_normals(part.vertices, part.faces)
        middles = part.vertices[part.faces].mean(1)
        front = middles[:, 2] > part.vertices[:, 2].max() - 0.0015
        share = (normals[front, 2] > 0).double().mean()
        assert front.sum() > 50
        assert share > 0.88


def test_uvs_lie_in_the_unit_square(parts):
    for part in parts.values():
        assert part.uvs.min() >= 0
        assert part.uvs.max() <= 1
        assert len(part.faces) == len(part.uv_faces)
        assert part.faces.max() == len(part.vertices) - 1
        assert part.uv_faces.max() == len(part.uvs) - 1
