"""Head angles have the signs and sizes the conventions promise."""

import math
from pathlib import Path

import pytest
import torch

from avatar.capture.head_pose import head_angles, head_rotation
from avatar.capture.observation import Observation
from avatar.capture.observe import ObserveOptions, observe
from avatar.capture.read_photo import read_photo
from avatar.capture.topology import MIRRORED
from avatar.core.transform import rotation_from_euler


def points_of(observation: Observation) -> torch.Tensor:
    return torch.cat([observation.landmarks, observation.landmark_depths[:, None]], 1)


@pytest.mark.parametrize(
    "angles", [(0.3, 0.0, 0.0), (0.0, -0.5, 0.0), (0.0, 0.0, 0.4), (0.2, 0.6, -0.3)]
)
def test_a_turned_face_gives_back_its_turn(observed: Observation, angles):
    """Turning the found points turns the estimate: `R(measured) = R(applied) R(before)`."""
    points = points_of(observed)
    flip = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    applied = rotation_from_euler(*(torch.tensor(angle) for angle in angles))
    turned = points @ flip @ applied.T @ flip
    torch.testing.assert_close(
        head_rotation(turned), applied @ head_rotation(points), atol=1e-4, rtol=0
    )


def test_the_portrait_looks_into_the_camera(observed: Observation):
    pitch, yaw, roll = (math.degrees(angle) for angle in head_angles(points_of(observed)))
    assert abs(pitch) < 5
    assert abs(yaw) < 3
    assert roll == pytest.approx(-3, abs=1.5)


def test_mirroring_a_face_reverses_yaw_and_roll(observed: Observation):
    points = points_of(observed)
    mirrored = points[list(MIRRORED)] * torch.tensor([-1.0, 1.0, 1.0])
    pitch, yaw, roll = head_angles(points)
    assert head_angles(mirrored) == pytest.approx((pitch, -yaw, -roll), abs=1e-4)


def test_real_heads_turn_the_way_they_look(inputs: Path):
    """Photos 2 and 3 of the woman face the picture's left and right; 7 is taken from below."""

    def angles(name: str) -> tuple[float, ...]:
        photo = read_photo(inputs / "photos" / "woman10" / name)
        observation = observe(photo, ObserveOptions(matte=False, views=1))
        return tuple(math.degrees(angle) for angle in head_angles(points_of(observation)))

    assert -45 < angles("0002.jpg")[1] < -33
    assert 24 < angles("0003.jpg")[1] < 36
    assert angles("0007.jpg")[0] < -30
    assert angles("0009.jpg")[0] > 8
