from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.core.transform import euler_from_rotation, matrix_from_quaternion
from avatar.export.exercise_clip import exercise_clip
from avatar.export.glb import GlbOptions, export_glb
from tests.export.glb_reader import Glb
from tests.export.synthetic import MOVED_BY_MORPHS


def channels(glb: Glb) -> dict[tuple[str, str], np.ndarray]:
    """Return the curve of every animated node and property."""
    (animation,) = glb.json["animations"]
    return {
        (
            glb.json["nodes"][channel["target"]["node"]]["name"],
            channel["target"]["path"],
        ): glb.array(animation["samplers"][channel["sampler"]]["output"])
        for channel in animation["channels"]
    }


def test_weights_of_all_moving_parts_and_the_head_are_animated(avatar: Avatar, glb: Glb) -> None:
    clip = exercise_clip(avatar.rig)
    curves = channels(glb)
    assert set(curves) == {(name, "weights") for name in MOVED_BY_MORPHS} | {("head", "rotation")}
    for name in MOVED_BY_MORPHS:
        assert np.array_equal(curves[name, "weights"].reshape(-1, 52), clip.weights.numpy())
    turns = clip.joint_rotations[:, 0].numpy()
    assert np.allclose(curves["head", "rotation"], turns, atol=1e-6)
    (animation,) = glb.json["animations"]
    for sampler in animation["samplers"]:
        assert np.array_equal(glb.array(sampler["input"]), clip.times.numpy())


def test_quaternions_never_jump_to_their_opposite(avatar: Avatar, tmp_path: Path) -> None:
    clip = exercise_clip(avatar.rig)
    signs = torch.where(torch.arange(len(clip.times)) % 2 == 0, 3.0, -3.0)
    jumping = replace(clip, joint_rotations=clip.joint_rotations * signs[:, None, None])
    export_glb(avatar, tmp_path / "head.glb", GlbOptions(clip=jumping))
    curve = channels(Glb(tmp_path / "head.glb"))["head", "rotation"]
    assert np.allclose(curve, clip.joint_rotations[:, 0].numpy(), atol=1e-6)


def test_the_exercise_starts_and_ends_at_rest_and_stays_in_range(avatar: Avatar) -> None:
    clip = exercise_clip(avatar.rig)
    assert not clip.weights[[0, -1]].any()
    assert clip.weights.min() >= 0
    assert clip.weights.max() <= 1
    for name in ("jawOpen", "eyeBlinkLeft", "mouthSmileRight", "browInnerUp"):
        assert clip.weights[:, ARKIT_INDEX[name]].max() > 0.8
    _, yaw, _ = euler_from_rotation(matrix_from_quaternion(clip.joint_rotations[:, 0]))
    assert yaw.max() > 0.3
    assert yaw.min() < -0.3
    assert yaw.argmax() < yaw.argmin()
    assert yaw[[0, -1]].abs().max() < 1e-6


def test_the_exercise_turns_the_root_of_a_rig_without_a_head(avatar: Avatar) -> None:
    rig = replace(avatar.rig, joint_names=("a", "b", "c", "d", "e"))
    assert exercise_clip(rig).joint_names == ("a",)


def clip_of(times: list[float], **changes: object) -> Clip:
    weights = torch.zeros(len(times), len(ARKIT_NAMES))
    return Clip(times=torch.tensor(times), weights=weights, **changes)


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (clip_of([]), "start at 0"),
        (clip_of([-1.0, 0.0]), "start at 0"),
        (clip_of([0.0, 0.0]), "rise"),
        (clip_of([0.0, float("nan")]), "rise"),
        (clip_of([0.0], joint_names=("head",)), "joint_rotations"),
        (
            clip_of([0.0], joint_names=("tail",), joint_rotations=torch.ones(1, 1, 4)),
            "no joints.*tail",
        ),
    ],
)
def test_an_impossible_clip_is_refused(
    avatar: Avatar, tmp_path: Path, clip: Clip, reason: str
) -> None:
    with pytest.raises(OptionError, match=reason):
        export_glb(avatar, tmp_path / "head.glb", GlbOptions(clip=clip))
    assert not list(tmp_path.iterdir())
