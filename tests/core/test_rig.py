import torch

from avatar.core.arkit import ARKIT_NAMES, mirrored_name
from avatar.core.rig import Rig
from avatar.core.transform import matrix_from_rotation_vector


def arm() -> tuple[torch.Tensor, Rig]:
    """Three points on a stick along +Y, moved by two joints at 0 and 1."""
    vertices = torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 2, 0]])
    morphs = torch.zeros(52, 3, 3)
    morphs[17, 2] = torch.tensor([0.0, 0.0, 0.5])
    rig = Rig(
        morphs=morphs,
        joint_names=("root", "tip"),
        parents=(-1, 0),
        joint_positions=torch.tensor([[0.0, 0, 0], [0, 1, 0]]),
        skin_weights=torch.tensor([[1.0, 0], [1, 0], [0, 1]]),
    )
    return vertices, rig


def turn_about_z(degrees: float) -> torch.Tensor:
    return matrix_from_rotation_vector(torch.tensor([0.0, 0.0, degrees]).deg2rad())


def test_the_rest_pose_moves_nothing():
    vertices, rig = arm()
    posed = rig.pose(vertices, torch.zeros(52), torch.eye(3).repeat(2, 1, 1))
    torch.testing.assert_close(posed, vertices)


def test_a_child_follows_its_parent():
    vertices, rig = arm()
    rotations = torch.stack([turn_about_z(90), torch.eye(3)])
    posed = rig.pose(vertices, torch.zeros(52), rotations)
    expected = torch.tensor([[0.0, 0, 0], [-1, 0, 0], [-2, 0, 0]])
    torch.testing.assert_close(posed, expected, atol=1e-6, rtol=0)


def test_a_joint_turns_about_its_own_place():
    vertices, rig = arm()
    posed = rig.pose(vertices, torch.zeros(52), torch.stack([torch.eye(3), turn_about_z(90)]))
    torch.testing.assert_close(posed[2], torch.tensor([-1.0, 1, 0]), atol=1e-6, rtol=0)


def test_morphs_come_before_skinning():
    vertices, rig = arm()
    weights = torch.zeros(52)
    weights[17] = 1
    rotations = torch.stack([turn_about_z(90), torch.eye(3)])
    posed = rig.pose(vertices, weights, rotations)
    torch.testing.assert_close(posed[2], torch.tensor([-2.0, 0, 0.5]), atol=1e-6, rtol=0)


def test_there_are_52_names_each_with_its_mirror():
    assert len(ARKIT_NAMES) == len(set(ARKIT_NAMES)) == 52
    assert {mirrored_name(name) for name in ARKIT_NAMES} == set(ARKIT_NAMES)
