import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from avatar.core.transform import (
    Transform,
    euler_from_rotation,
    matrix_from_quaternion,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    rotation_from_euler,
    rotation_vector_from_matrix,
)

angle = st.floats(-1.5, 1.5)


def random_rotations(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    quaternions = torch.randn(count, 4, generator=generator, dtype=torch.float64)
    return matrix_from_quaternion(quaternions)


def test_quaternion_round_trip_is_exact():
    rotations = random_rotations(500)
    torch.testing.assert_close(matrix_from_quaternion(quaternion_from_matrix(rotations)), rotations)


def test_quaternion_is_x_y_z_w():
    half = math.sqrt(0.5)
    quarter_turn_about_y = torch.tensor([0.0, half, 0.0, half])
    turned = matrix_from_quaternion(quarter_turn_about_y) @ torch.tensor([0.0, 0.0, 1.0])
    torch.testing.assert_close(turned, torch.tensor([1.0, 0.0, 0.0]), atol=1e-6, rtol=0)


def test_rotation_vector_round_trip_at_every_angle():
    rotations = random_rotations(500)
    again = matrix_from_rotation_vector(rotation_vector_from_matrix(rotations))
    torch.testing.assert_close(again, rotations)


def test_rotation_vector_has_exact_gradient_at_zero():
    zero = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(matrix_from_rotation_vector, (zero,))


@given(pitch=angle, yaw=st.floats(-3, 3), roll=angle)
def test_euler_round_trip(pitch: float, yaw: float, roll: float):
    angles = [torch.tensor(value, dtype=torch.float64) for value in (pitch, yaw, roll)]
    again = euler_from_rotation(rotation_from_euler(*angles))
    for expected, got in zip(angles, again, strict=True):
        assert float(got) == pytest.approx(float(expected), abs=1e-9)


def test_positive_yaw_turns_the_face_to_the_subjects_left():
    zero = torch.tensor(0.0)
    nose = rotation_from_euler(zero, torch.tensor(0.5), zero) @ torch.tensor([0.0, 0.0, 1.0])
    assert nose[0] > 0.4


def test_positive_pitch_nods_down():
    zero = torch.tensor(0.0)
    nose = rotation_from_euler(torch.tensor(0.5), zero, zero) @ torch.tensor([0.0, 0.0, 1.0])
    assert nose[1] < -0.4


def test_transforms_compose_and_invert():
    a = Transform(rotation=random_rotations(1)[0], translation=torch.randn(3, dtype=torch.float64))
    b = Transform(rotation=random_rotations(2)[1], translation=torch.randn(3, dtype=torch.float64))
    points = torch.randn(7, 3, dtype=torch.float64)
    torch.testing.assert_close((a @ b).apply(points), a.apply(b.apply(points)))
    torch.testing.assert_close(a.inverse().apply(a.apply(points)), points)
