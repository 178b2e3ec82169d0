"""Clips cut, mixed, and put onto other heads say what they said."""

from dataclasses import replace

import pytest
import torch

from avatar.animation.edit_clip import blend, crossfade, trim
from avatar.animation.retarget import PersonRange, onto_joints, retarget
from avatar.animation.retarget_options import RetargetOptions
from avatar.core.arkit import ARKIT_INDEX
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.core.transform import (
    matrix_from_quaternion,
    quaternion_from_matrix,
    rotation_from_euler,
)

SMILE, JAW, BLINK = (ARKIT_INDEX[n] for n in ("mouthSmileLeft", "jawOpen", "eyeBlinkLeft"))
JOINTS = ("neck", "head")


def talking(rest: float = 0.0, most: float = 1.0, fps: int = 30) -> Clip:
    """The jaw opens and shuts for two seconds, lids fall now and then, a smile may last."""
    times = torch.arange(2 * fps + 1) / fps
    weights = torch.zeros(len(times), 52)
    weights[:, JAW] = most * (0.5 - 0.5 * torch.cos(4 * torch.pi * times))
    weights[:, SMILE] = rest
    weights[fps : fps + 4, BLINK] = 1.0
    turn = rotation_from_euler(0.2 * times, 0.3 * times, torch.zeros_like(times))
    each = quaternion_from_matrix(turn)
    return Clip(
        times=times,
        weights=weights,
        joint_names=JOINTS,
        joint_rotations=torch.stack([each, each], 1),
    )


def test_a_part_is_what_it_was_and_starts_at_0():
    clip = talking()
    part = trim(clip, 0.5, 1.0)
    assert float(part.times[0]) == 0
    assert float(part.times[-1]) == pytest.approx(0.5, abs=1e-5)
    assert torch.equal(part.weights, clip.weights[15:31])
    assert torch.equal(part.joint_rotations, clip.joint_rotations[15:31])
    assert len(trim(clip).times) == len(clip.times)
    with pytest.raises(OptionError, match=r"2\.00 s"):
        trim(clip, 5.0)


def test_mixtures_lie_between():
    first, second = talking(most=0.2), talking(rest=0.6, fps=60)
    assert torch.allclose(blend(first, second, 0.0).weights, first.weights)
    assert torch.allclose(blend(first, second, 1.0).weights[:, SMILE], torch.tensor(0.6))
    half = blend(first, second, 0.5)
    assert torch.allclose(half.weights[:, SMILE], torch.tensor(0.3))
    assert half.joint_rotations.norm(dim=-1).sub(1).abs().max() < 1e-5
    with pytest.raises(OptionError, match="share"):
        blend(first, second, 1.5)


def test_one_clip_melts_into_the_next_without_a_jump():
    first, second = talking(rest=0.3), talking(rest=0.5)
    both = crossfade(first, second, 0.5)
    assert bool((both.times.diff() > 0).all())
    assert float(both.times[-1]) == pytest.approx(3.5, abs=1e-4)
    assert float(both.weights[:, SMILE].diff().abs().max()) < 0.05
    assert float(both.weights[0, SMILE]) == pytest.approx(0.3)
    assert float(both.weights[-1, SMILE]) == pytest.approx(0.5)
    with pytest.raises(OptionError, match=r"at most 2\.00"):
        crossfade(first, second, 5.0)
    with pytest.raises(OptionError, match="joints"):
        crossfade(first, onto_joints(second, ("head",)), 0.5)


def test_what_a_face_always_shows_is_its_neutral_and_a_lasting_smile_is_meant():
    slight = retarget(talking(rest=0.15), JOINTS)
    assert float(slight.weights[:, SMILE].max()) == pytest.approx(0, abs=1e-6)
    assert float(slight.weights[:, BLINK].max()) == 1
    assert float(slight.weights[:, JAW].max()) == pytest.approx(1, abs=0.03)
    meant = retarget(talking(rest=0.7), JOINTS)
    assert torch.allclose(meant.weights[:, SMILE], torch.tensor(0.7))
    left = retarget(talking(rest=0.15), JOINTS, RetargetOptions(neutral=False))
    assert torch.allclose(left.weights[:, SMILE], torch.tensor(0.15))


def test_ranges_are_brought_to_the_owners():
    timid, lively = talking(most=0.5), talking(most=0.75)
    moved = retarget(timid, JOINTS, target=PersonRange.of(lively))
    assert float(moved.weights[:, JAW].max()) == pytest.approx(0.75, abs=0.02)
    assert float(moved.weights[:, BLINK].max()) == 1
    # Of a coefficient that was hardly seen nobody knows the range.
    quiet = retarget(talking(most=0.1), JOINTS, target=PersonRange.of(lively))
    assert float(quiet.weights[:, JAW].max()) == pytest.approx(0.1, abs=0.01)


def test_options_cut_blur_and_scale():
    clip = retarget(talking(most=0.4), JOINTS, RetargetOptions(start=0.5, end=1.5, gain=2.0))
    assert float(clip.times[-1]) == pytest.approx(1.0, abs=1e-4)
    assert float(clip.weights[:, JAW].max()) == pytest.approx(0.8, abs=0.02)
    calm = retarget(talking(), JOINTS, RetargetOptions(smooth=0.1))
    assert float(calm.weights[:, BLINK].max()) < 0.7
    for wrong in ({"gain": 0}, {"start": 2.0, "end": 1.0}, {"smooth": 9.0}):
        with pytest.raises(OptionError):
            RetargetOptions(**wrong)


def test_a_head_without_a_neck_turns_as_far():
    clip = talking()
    turned = onto_joints(clip, ("head",))
    assert turned.joint_names == ("head",)
    neck, head = matrix_from_quaternion(clip.joint_rotations).unbind(1)
    assert torch.allclose(
        matrix_from_quaternion(turned.joint_rotations[:, 0]), neck @ head, atol=1e-5
    )
    assert onto_joints(clip, ("jaw",)).joint_rotations is None
    still = replace(clip, joint_names=(), joint_rotations=None)
    assert onto_joints(still, ("head",)) is still
    assert len(retarget(trim(clip, 0, 0.01), JOINTS).times) == 1
