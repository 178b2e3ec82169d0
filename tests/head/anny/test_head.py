"""The default head as a whole: topology, sizes, symmetry, shapes, joints, regions, cache."""

from dataclasses import fields

import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES, mirrored_name
from avatar.core.errors import OptionError
from avatar.head.anny import load
from avatar.head.anny.build import AnnyOptions, build_anny

FLIP = torch.tensor([-1.0, 1.0, 1.0])


def directed_edges(faces):
    return torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def test_the_skin_is_one_closed_orientable_surface(head):
    faces = head.part("skin").faces
    edges = directed_edges(faces)
    count = len(head.template)
    keys, back = edges[:, 0] * count + edges[:, 1], edges[:, 1] * count + edges[:, 0]
    assert len(keys.unique()) == len(keys)
    assert torch.equal(keys.sort().values, back.sort().values)
    vertices, halves = len(faces.unique()), len(edges)
    assert vertices - halves // 2 + len(faces) == 2


def test_the_skin_faces_outwards(head):
    a, b, c = head.template[head.part("skin").faces].double().unbind(1)
    volume = (torch.linalg.cross(a, b) * c).sum() / 6
    assert 0.003 < volume < 0.009


def test_the_average_head_and_everything_that_moves_it_is_symmetric(head):
    skin = head.part("skin").faces.unique()
    mirror = head.mirror
    assert torch.equal(mirror[mirror], torch.arange(len(mirror)))
    template = head.template[mirror] * FLIP
    torch.testing.assert_close(template[skin], head.template[skin], atol=1e-6, rtol=0)
    others = [ARKIT_INDEX[mirrored_name(name)] for name in ARKIT_NAMES]
    flipped = head.expression_basis[others][:, mirror[skin]] * FLIP
    assert (flipped - head.expression_basis[:, skin]).abs().max() < 1e-6


def test_left_shapes_move_the_left_side(head):
    face = head.region("face_wide")
    x = head.template[face, 0]
    for name in ARKIT_NAMES:
        moved = head.expression_basis[ARKIT_INDEX[name], face].norm(dim=1)
        if name.endswith("Left") and name not in ("jawLeft", "mouthLeft"):
            assert (moved * x).sum() / moved.sum() > 0.004, name
        if name.endswith("Right") and name not in ("jawRight", "mouthRight"):
            assert (moved * x).sum() / moved.sum() < -0.004, name


def test_jaw_and_mouth_shift_towards_their_name(head):
    lips = head.region("lip_lower")
    for name, sign in (("jawLeft", 1), ("mouthLeft", 1), ("jawRight", -1), ("mouthRight", -1)):
        assert sign * head.expression_basis[ARKIT_INDEX[name], lips, 0].mean() > 0.002


def test_every_shape_moves_something_by_a_sensible_amount(head):
    reach = head.expression_basis.norm(dim=2).amax(1)
    assert reach.min() > 0.002
    assert reach.max() < 0.05


def test_jaw_open_opens_and_mouth_close_closes_the_lips_again(head):
    upper, lower = head.region("lip_upper"), head.region("lip_lower")
    expression = torch.zeros(52)

    def gap():
        vertices = head.vertices(torch.zeros(1), expression)
        middle = vertices[:, 0].abs() < 0.004
        return float(vertices[upper & middle, 1].min() - vertices[lower & middle, 1].max())

    closed = gap()
    expression[ARKIT_INDEX["jawOpen"]] = 1
    assert gap() > closed + 0.02
    expression[ARKIT_INDEX["mouthClose"]] = 1
    assert gap() < closed + 0.002


def test_sizes_of_the_average_head_are_those_of_adults(head):
    joints = head.joint_regressor @ head.template
    eyes = joints[head.joint_names.index("eye_left")] - joints[head.joint_names.index("eye_right")]
    # Means of men and women together, Zhuang and Bradtmiller 2005: 63, 150, 192 mm; head height
    # as in Gordon et al. 2012.
    assert float(eyes.norm()) == pytest.approx(0.063, abs=0.002)
    skull = head.region("scalp") | head.region("forehead")
    breadth = 2 * head.template[head.region("scalp"), 0].max()
    assert float(breadth) == pytest.approx(0.150, abs=0.006)
    depth = head.template[skull, 2].max() - head.template[skull, 2].min()
    assert float(depth) == pytest.approx(0.192, abs=0.010)
    front_chin = head.region("chin") & (head.template[:, 0].abs() < 0.002)
    height = head.template[skull, 1].max() - head.template[front_chin, 1].min()
    assert 0.215 < float(height) < 0.24


def test_faces_differ_as_much_as_those_of_adults(head):
    face = head.region("face_wide")
    variance = head.identity_basis[:, face].square().sum((0, 2)).mean()
    assert 0.003 < float(variance.sqrt()) < 0.0042
    joints = head.joint_regressor @ head.identity_basis
    between = joints[:, -2, 0] - joints[:, -1, 0]
    assert 0.0025 < float(between.norm()) < 0.0042


def test_the_prior_keeps_nearly_all_variance_in_at_least_120_modes(head):
    assert head.identity_size >= 120
    assert head.identity_variance_kept > 0.995
    assert (head.identity_deviations[:-1] >= head.identity_deviations[1:]).all()


def test_the_origin_lies_between_the_eyes(head):
    joints = head.joint_regressor @ head.template
    torch.testing.assert_close(joints[-2:].mean(0), torch.zeros(3), atol=1e-6, rtol=0)


def test_joints_follow_from_vertices_and_weights_sum_to_one(head):
    ones = torch.ones(len(head.joint_names))
    torch.testing.assert_close(head.joint_regressor.sum(1), ones, atol=1e-5, rtol=0)
    torch.testing.assert_close(head.skin_weights.sum(1), torch.ones(len(head.template)))
    assert head.skin_weights.min() >= 0
    heights = (head.joint_regressor @ head.template)[:, 1]
    assert heights[0] < heights[1] < heights[2] < heights[3]
    assert all(parent < joint for joint, parent in enumerate(head.parents))


def test_the_face_turns_with_the_head_and_the_shoulders_stay(head):
    weights = {name: head.skin_weights[:, i] for i, name in enumerate(head.joint_names)}
    assert weights["head"][head.region("face")].min() > 0.9
    assert weights["root"][head.region("cut")].min() > 0.9


def test_regions_lie_where_their_names_say(head):
    centre = {region.name: head.template[region.vertices].mean(0) for region in head.regions}
    assert all(region.vertices.any() for region in head.regions)
    order = ["forehead", "brows", "eyelids", "nose", "lips", "chin", "neck", "cut"]
    heights = [float(centre[name][1]) for name in order]
    assert heights == sorted(heights, reverse=True)
    assert centre["scalp"][2] < centre["ears"][2] < centre["face"][2]
    assert centre["eye_left"][0] > 0.02
    assert centre["eye_right"][0] < -0.02
    upper, lower = head.region("lip_upper"), head.region("lip_lower")
    assert not (upper & lower).any()
    assert int((upper | lower).sum()) > 0.95 * int(head.region("lips").sum())
    assert not (head.region("mouth_interior") & head.region("face_wide")).any()


@pytest.mark.slow
def test_coarse_and_fine_heads_are_the_same_head():
    fine = load.load_anny()
    coarse = build_anny(AnnyOptions(subdivision=0, modes=120))
    assert coarse.identity_size == 120
    skin = coarse.part("skin").faces.unique()
    distance = (coarse.template[skin] - fine.template[skin]).norm(dim=1)
    assert distance.median() < 0.0005
    assert len(coarse.template) < len(fine.template)


@pytest.mark.parametrize("options", [{"subdivision": 3}, {"modes": 0}, {"people": 10}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(OptionError, match=next(iter(options))):
        build_anny(AnnyOptions(**options))


def test_the_cached_head_equals_the_built_one_and_is_not_built_again(head, monkeypatch):
    monkeypatch.setattr(load, "build_anny", None)
    again = load.load_anny()
    for field in fields(head):
        value = getattr(head, field.name)
        if isinstance(value, torch.Tensor):
            assert torch.equal(getattr(again, field.name), value), field.name
    assert [part.name for part in again.parts] == [part.name for part in head.parts]
    assert [region.name for region in again.regions] == [region.name for region in head.regions]
