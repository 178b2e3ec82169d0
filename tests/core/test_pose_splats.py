"""Splats ride on the mesh: they go where their triangles go, by expression, head and torso."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from avatar.core.pose_splats import Adjustment, SplatRig, pose_splats, shape_sum
from avatar.core.splats import MOST_COLOR, MOST_OFFSET
from avatar.core.transform import (
    Transform,
    matrix_from_quaternion,
    matrix_from_rotation_vector,
    rotation_vector_from_matrix,
)
from tests.core.a_few_splats import a_few_splats, open_jaw
from tests.export.synthetic import synthetic_avatar


@pytest.fixture(scope="module")
def head():
    return synthetic_avatar()


@pytest.fixture
def splats(head):
    return a_few_splats(head)


@pytest.fixture
def rig(head, splats):
    return SplatRig.build(head, splats.corners, splats.barycentrics)


def still(like):
    return Transform.identity(like)


def test_at_rest_splats_are_as_stored(splats, rig):
    posed = pose_splats(splats, rig, torch.zeros(52), still(splats.means))
    assert_close(posed.means, splats.means, atol=1e-6, rtol=0)
    assert_close(posed.colors, splats.colors)
    assert_close(
        matrix_from_quaternion(posed.rotations),
        matrix_from_quaternion(splats.rotations),
        atol=1e-5,
        rtol=0,
    )


def test_splats_on_the_surface_follow_it(head, splats, rig):
    flat = replace(splats, means=rig.anchors)
    weights = open_jaw()
    posed = pose_splats(without_shapes(flat), rig, weights, still(splats.means))
    surface = head.pose(weights)[splats.corners]
    expected = (surface * splats.barycentrics[..., None]).sum(1)
    assert_close(posed.means, expected, atol=1e-6, rtol=0)
    assert float((posed.means - flat.means).norm(dim=1).max()) > 0.001


def test_offset_splats_turn_with_their_triangle(head, splats, rig):
    """A triangle's own rigid motion moves its splat rigidly."""
    weights = open_jaw()
    posed = pose_splats(without_shapes(splats), rig, weights, still(splats.means))
    before, after = head.mesh.vertices[splats.corners], head.pose(weights)[splats.corners]
    normal = torch.linalg.cross(before[:, 1] - before[:, 0], before[:, 2] - before[:, 0])
    moved = torch.linalg.cross(after[:, 1] - after[:, 0], after[:, 2] - after[:, 0])
    stretch = (moved.norm(dim=1) / normal.norm(dim=1)).sqrt()
    inside = (stretch > 0.65) & (stretch < 1.7)
    anchors = (after * splats.barycentrics[..., None]).sum(1)
    height = ((splats.means - rig.anchors) * normal).sum(1) / normal.norm(dim=1)
    lifted = ((posed.means - anchors) * moved).sum(1) / moved.norm(dim=1)
    assert_close(lifted[inside], (height * stretch)[inside], atol=1e-6, rtol=1e-3)


def test_head_pose_moves_what_follows_the_head_and_leaves_the_torso(splats, rig):
    pose = Transform(
        rotation=matrix_from_rotation_vector(torch.tensor([0.1, 0.4, -0.2])),
        translation=torch.tensor([0.01, -0.02, 0.03]),
    )
    half = len(splats) // 2
    shares = torch.cat([torch.ones(half), torch.zeros(len(splats) - half)])
    posed = pose_splats(
        without_shapes(replace(splats, head_shares=shares)), rig, torch.zeros(52), pose
    )
    assert_close(posed.means[:half], pose.apply(splats.means)[:half], atol=1e-6, rtol=0)
    assert_close(posed.means[half:], splats.means[half:], atol=1e-6, rtol=0)
    turned = pose.rotation @ matrix_from_quaternion(splats.rotations[:half])
    assert_close(matrix_from_quaternion(posed.rotations[:half]), turned, atol=1e-5, rtol=0)


def test_torso_sways_with_the_head(splats, rig):
    pose = Transform(
        rotation=matrix_from_rotation_vector(torch.tensor([0.0, 0.3, 0.0])),
        translation=torch.tensor([0.02, 0.0, 0.0]),
    )
    follows = replace(
        without_shapes(splats), sway=torch.eye(6), head_shares=torch.zeros(len(splats))
    )
    posed = pose_splats(follows, rig, torch.zeros(52), pose)
    assert_close(posed.means, pose.apply(splats.means), atol=1e-6, rtol=0)
    vector = rotation_vector_from_matrix(pose.rotation)
    assert_close(vector, torch.tensor([0.0, 0.3, 0.0]), atol=1e-6, rtol=0)


def test_torso_stands_where_an_adjustment_says(splats, rig):
    shift = Transform(rotation=torch.eye(3), translation=torch.tensor([0.0, 0.01, 0.0]))
    half = replace(without_shapes(splats), head_shares=torch.full((len(splats),), 0.25))
    posed = pose_splats(half, rig, torch.zeros(52), still(splats.means), Adjustment(torso=shift))
    assert_close(posed.means, splats.means + 0.75 * shift.translation, atol=1e-6, rtol=0)


def test_no_expression_however_wild_tears_splats_off(splats, rig):
    wild = replace(
        splats,
        offset_shapes=torch.full_like(splats.offset_shapes, 9.0),
        color_shapes=torch.full_like(splats.color_shapes, -9.0),
    )
    far = pose_splats(wild, rig, torch.full((52,), 50.0), still(splats.means))
    near = pose_splats(without_shapes(splats), rig, torch.full((52,), 50.0), still(splats.means))
    away = (far.means - near.means).norm(dim=1)
    assert float(away.max()) <= 3**0.5 * MOST_OFFSET * 1.8 + 1e-6
    assert float((far.colors - near.colors).abs().max()) <= MOST_COLOR + 1e-6
    codes = splats.code(torch.full((52,), 50.0), torch.zeros(3))
    assert float(codes.abs().max()) <= 1
    total = shape_sum(codes, wild.offset_shapes, MOST_OFFSET)
    assert float(total.abs().max()) <= MOST_OFFSET * 1.0001


def test_codes_are_nothing_at_neutral(splats):
    assert_close(
        splats.code(torch.zeros(52), torch.zeros(3)), torch.zeros(len(splats.offset_shapes))
    )


def test_gradients_by_weights_and_pose_are_those_of_differences(splats, rig):
    """By the places alone, and without the code: turns of triangles count as constants."""
    plain = without_shapes(replace(splats, means=rig.anchors))
    pull = torch.randn(len(splats), 3, generator=torch.Generator().manual_seed(1))
    weights = open_jaw().requires_grad_()
    shift = torch.tensor([0.01, 0.0, -0.02], requires_grad=True)

    def energy(weights, shift):
        pose = Transform(rotation=torch.eye(3), translation=shift)
        return (pose_splats(plain, rig, weights, pose).means * pull).sum()

    energy(weights, shift).backward()
    step = 1e-3
    for number in (17, 24):
        change = torch.zeros(52)
        change[number] = step
        with torch.no_grad():
            slope = (energy(weights + change, shift) - energy(weights - change, shift)) / step / 2
        assert_close(weights.grad[number], slope, rtol=2e-2, atol=2e-3)
    with torch.no_grad():
        change = torch.tensor([0.0, step, 0.0])
        slope = (energy(weights, shift + change) - energy(weights, shift - change)) / step / 2
    assert_close(shift.grad[1], slope, rtol=2e-2, atol=2e-3)


def without_shapes(splats):
    """Without expression shapes, on a torso that stands still."""
    return replace(
        splats,
        sway=torch.zeros(6, 6),
        offset_shapes=torch.zeros_like(splats.offset_shapes),
        color_shapes=torch.zeros_like(splats.color_shapes),
    )
