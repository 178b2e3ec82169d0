"""Clips keep what they say through files and other frame rates."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from avatar.animation.clip_file import load_clip, save_clip
from avatar.animation.live_link import LIVE_LINK_ORDER, read_live_link, write_live_link
from avatar.animation.resample import at_rate, resample, smooth
from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.core.transform import (
    euler_from_rotation,
    matrix_from_quaternion,
    quaternion_from_matrix,
    rotation_from_euler,
)


def wave_clip(fps: int = 60, seconds: float = 2.0) -> Clip:
    """Every coefficient swings at a pace of its own, and the head turns."""
    times = torch.arange(int(fps * seconds) + 1) / fps
    pace = torch.linspace(0.2, 1.5, 52)
    weights = 0.5 + 0.5 * torch.sin(2 * torch.pi * pace * times[:, None])
    yaw = 0.3 * torch.sin(3 * times)
    turn = quaternion_from_matrix(rotation_from_euler(0.1 * times, yaw, torch.zeros_like(yaw)))
    return Clip(
        times=times,
        weights=weights,
        joint_names=("head",),
        joint_rotations=turn[:, None],
        name="wave",
    )


def test_an_npz_clip_comes_back_whole(tmp_path: Path):
    clip = wave_clip()
    save_clip(clip, tmp_path / "clip.npz")
    back = load_clip(tmp_path / "clip.npz")
    assert back.name == clip.name
    assert back.joint_names == clip.joint_names
    assert torch.equal(back.weights, clip.weights)
    assert torch.equal(back.joint_rotations, clip.joint_rotations)


def test_what_is_no_clip_is_refused(tmp_path: Path):
    path = tmp_path / "clip.npz"
    for content in (b"", b"hello", b"PK\x03\x04broken"):
        path.write_bytes(content)
        with pytest.raises(OptionError, match="as a clip"):
            load_clip(path)
        with pytest.raises(OptionError):
            read_live_link(path)
    bad = wave_clip()
    save_clip(replace(bad, times=bad.times.flip(0)), path)
    with pytest.raises(OptionError, match="do not go together"):
        load_clip(path)


def test_a_recording_that_is_not_there_is_told_so(tmp_path: Path):
    with pytest.raises(OptionError, match="no such file"):
        read_live_link(tmp_path / "nobody.csv")


def test_live_link_keeps_weights_times_and_the_heads_turn(tmp_path: Path):
    clip = wave_clip()
    write_live_link(clip, tmp_path / "clip.csv")
    back = read_live_link(tmp_path / "clip.csv")
    assert torch.allclose(back.times, clip.times, atol=1e-4)
    assert torch.allclose(back.weights, clip.weights, atol=1e-6)
    angles = euler_from_rotation(matrix_from_quaternion(back.joint_rotations[:, 0]))
    wanted = euler_from_rotation(matrix_from_quaternion(clip.joint_rotations[:, 0]))
    assert torch.allclose(torch.stack(angles), torch.stack(wanted), atol=1e-5)


def test_while_the_face_is_away_live_link_has_no_rows(tmp_path: Path):
    times = torch.cat([torch.arange(25) / 25, 4 + torch.arange(25) / 25])
    write_live_link(Clip(times=times, weights=torch.rand(50, 52)), tmp_path / "take.csv", 30)
    back = read_live_link(tmp_path / "take.csv")
    assert not bool(((back.times > 0.97) & (back.times < 3.99)).any())
    assert float(back.times[-1]) == pytest.approx(4.96, abs=0.04)
    slow = Clip(times=torch.arange(5.0), weights=torch.rand(5, 52))
    write_live_link(slow, tmp_path / "slow.csv", 30)
    assert len(read_live_link(tmp_path / "slow.csv").times) == 121


def test_live_link_has_the_apps_columns_in_the_apps_order(tmp_path: Path, inputs: Path):
    write_live_link(wave_clip(), tmp_path / "clip.csv")
    own = (tmp_path / "clip.csv").read_text().splitlines()[0]
    recorded = sorted((inputs / "motion").glob("livelink_*.csv"))[0]
    assert own == recorded.read_text(encoding="utf-8-sig").splitlines()[0]
    assert set(LIVE_LINK_ORDER) == set(ARKIT_NAMES)


def test_a_recording_of_the_app_is_read(inputs: Path):
    clip = read_live_link(sorted((inputs / "motion").glob("livelink_*.csv"))[0])
    assert 25 < float(clip.times[-1]) < 40
    assert len(clip.times) / float(clip.times[-1]) == pytest.approx(60, rel=0.05)
    assert float(clip.weights[:, ARKIT_INDEX["eyeBlinkLeft"]].max()) > 0.3


def test_resampling_to_the_same_times_changes_nothing():
    clip = wave_clip()
    again = resample(clip, clip.times)
    assert torch.allclose(again.weights, clip.weights, atol=1e-6)
    assert torch.allclose(again.joint_rotations, clip.joint_rotations, atol=1e-6)


def test_other_rates_follow_the_same_curves():
    fine, coarse = wave_clip(240), at_rate(wave_clip(60), 240)
    assert (fine.weights - coarse.weights).abs().max() < 0.01
    assert (fine.joint_rotations - coarse.joint_rotations).abs().max() < 1e-3
    held = resample(wave_clip(), torch.tensor([-1.0, 99.0]))
    assert torch.allclose(held.weights[1], wave_clip().weights[-1], atol=1e-5)


def test_rotations_take_the_shorter_way():
    clip = wave_clip()
    turns = clip.joint_rotations.clone()
    turns[1::2] *= -1
    flipped = resample(replace(clip, joint_rotations=turns), clip.times[:-1] + 1 / 120)
    plain = resample(clip, clip.times[:-1] + 1 / 120)
    likeness = (flipped.joint_rotations * plain.joint_rotations).sum(-1).abs()
    assert likeness.min() > 1 - 1e-5


def test_smoothing_keeps_slow_curves_and_takes_jitter():
    clip = wave_clip()
    jitter = 0.05 * torch.randn(clip.weights.shape, generator=torch.Generator().manual_seed(0))
    calm = smooth(replace(clip, weights=clip.weights + jitter), 0.03)
    assert (calm.weights - clip.weights)[10:-10].std() < 0.5 * 0.05
    with pytest.raises(OptionError, match="fps"):
        at_rate(clip, 0)
