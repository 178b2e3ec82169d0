"""Smoothing takes noise out and leaves motion in."""

import math

import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.transform import Transform, matrix_from_rotation_vector
from avatar.fit.video.one_euro import WEIGHTS, Calm, OneEuro, PoseFilter
from avatar.fit.video.smooth import (
    SmoothOptions,
    poses_to_vectors,
    smooth_curves,
    vectors_to_poses,
)

BLINK = 6 + ARKIT_INDEX["eyeBlinkLeft"]


def certain(frames, strength=1e4):
    return torch.eye(58, dtype=torch.float64).expand(frames, 58, 58) * strength


def test_even_motion_is_left_alone():
    times = torch.arange(40, dtype=torch.float64) / 25
    curves = times[:, None] * torch.linspace(-1, 1, 58, dtype=torch.float64)
    assert float((smooth_curves(times, curves, certain(40)) - curves).abs().max()) < 1e-6


def test_noise_shrinks_and_a_blink_keeps_its_height():
    generator = torch.Generator().manual_seed(2)
    times = torch.arange(100, dtype=torch.float64) / 25
    truth = torch.zeros(100, 58, dtype=torch.float64)
    truth[48:53, BLINK] = torch.tensor([0.4, 0.9, 1.0, 0.7, 0.2], dtype=torch.float64)
    noise = torch.randn(100, 58, generator=generator, dtype=torch.float64) * 0.02
    smooth = smooth_curves(times, truth + noise, certain(100, 1 / 0.02**2))
    still = slice(5, 40)
    raw_jitter = noise[still].diff(n=2, dim=0).std()
    assert float(smooth[still].diff(n=2, dim=0).std()) < 0.5 * float(raw_jitter)
    assert float(smooth[49:52, BLINK].max()) > 0.85


def test_what_lies_apart_is_smoothed_apart():
    times = torch.cat([torch.arange(20), torch.arange(20) + 60]).double() / 25
    curves = torch.zeros(40, 58, dtype=torch.float64)
    curves[20:] = 1.0
    assert torch.allclose(smooth_curves(times, curves, certain(40, 10.0)), curves, atol=1e-6)


def test_windows_agree_with_the_whole():
    generator = torch.Generator().manual_seed(3)
    times = torch.arange(160, dtype=torch.float64) / 25
    curves = torch.randn(160, 58, generator=generator, dtype=torch.float64) * 0.1
    whole = smooth_curves(times, curves, certain(160), SmoothOptions(window=1000))
    parts = smooth_curves(times, curves, certain(160), SmoothOptions(window=80))
    assert float((whole - parts).abs().max()) < 0.02


def test_poses_come_back_from_their_vectors():
    generator = torch.Generator().manual_seed(4)
    turns = torch.randn(12, 3, generator=generator, dtype=torch.float64) * 0.5
    poses = Transform(
        rotation=matrix_from_rotation_vector(turns),
        translation=torch.randn(12, 3, generator=generator, dtype=torch.float64),
    )
    back = vectors_to_poses(*poses_to_vectors(poses))
    assert torch.allclose(back.rotation, poses.rotation, atol=1e-9)
    assert torch.allclose(back.translation, poses.translation)


def test_one_euro_calms_noise_and_follows_a_jump():
    generator = torch.Generator().manual_seed(5)
    noise = torch.randn(90, 52, generator=generator) * 0.02
    memory, out = OneEuro.start(0.0, noise[0]), []
    for index in range(1, 90):
        memory = memory.next(index / 30, noise[index], WEIGHTS)
        out.append(memory.value)
    assert float(torch.stack(out[30:]).std()) < 0.6 * 0.02
    for index in range(90, 94):
        memory = memory.next(index / 30, torch.ones(52), WEIGHTS)
    assert float(memory.value.min()) > 0.85


def test_a_slow_motion_is_followed_at_the_stated_lag():
    calm, speed = Calm(rest=2.0, per_speed=0.0), 0.05
    memory = OneEuro.start(0.0, torch.zeros(1, dtype=torch.float64))
    for index in range(1, 600):
        memory = memory.next(index / 300, torch.full((1,), speed * index / 300).double(), calm)
    late = (speed * 599 / 300 - float(memory.value)) / speed
    assert abs(late - calm.lag()) < 0.004


def test_filtered_pose_is_a_rotation_and_catches_up():
    turn = matrix_from_rotation_vector(torch.tensor([0.0, 0.5, 0.0], dtype=torch.float64))
    still = Transform.identity(torch.zeros(1, dtype=torch.float64))
    turned = Transform(rotation=turn, translation=torch.full((3,), 0.1, dtype=torch.float64))
    memory = PoseFilter.start(0.0, still)
    for index in range(1, 40):
        memory = memory.next(index / 30, turned)
    rotation = memory.pose.rotation
    assert torch.allclose(rotation @ rotation.T, torch.eye(3, dtype=torch.float64), atol=1e-9)
    angle = math.acos(min(1.0, float(((rotation @ turn.T).diagonal().sum() - 1) / 2)))
    assert angle < 0.02
    assert float((memory.pose.translation - 0.1).abs().max()) < 0.005
