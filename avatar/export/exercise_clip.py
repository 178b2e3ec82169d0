"""A short animation that shows at a glance whether a head works wherever it was imported."""

import torch
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.core.clip import Clip
from avatar.core.rig import Rig
from avatar.core.transform import quaternion_from_matrix, rotation_from_euler

FRAMES_A_SECOND = 30

_GESTURES: tuple[tuple[float, float, dict[str, float]], ...] = (
    (0.2, 0.6, {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}),
    (0.8, 1.8, {"jawOpen": 0.9}),
    (1.2, 1.8, {"tongueOut": 0.7}),
    (1.9, 3.1, {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}),
    (2.1, 3.0, {"cheekSquintLeft": 0.6, "cheekSquintRight": 0.6}),
    (3.1, 4.0, {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0}),
    (3.2, 4.0, {"eyeWideLeft": 0.7, "eyeWideRight": 0.7}),
    (4.0, 4.8, {"browDownLeft": 1.0, "browDownRight": 1.0, "noseSneerLeft": 0.7}),
    (4.8, 5.5, {"mouthPucker": 1.0}),
    (5.4, 6.2, {"eyeLookOutLeft": 0.8, "eyeLookInRight": 0.8}),
    (6.2, 7.0, {"eyeLookInLeft": 0.8, "eyeLookOutRight": 0.8}),
    (7.1, 7.5, {"eyeBlinkLeft": 1.0}),
    (7.4, 7.8, {"eyeBlinkRight": 1.0}),
)
"""From when to when (seconds), and how far at its height."""

_HEAD_TURN = 0.35
_DURATION = 8.0


def exercise_clip(rig: Rig) -> Clip:
    """Return eight seconds of blinks, jaw, smile, brows, gaze and a turn of the head.

    It starts and ends at rest, so it loops. The subject looks and turns to the own left first and
    winks with the left eye first, which tells a mirrored import. The joint `head` turns, or else
    the root.
    """
    times = torch.arange(round(_DURATION * FRAMES_A_SECOND) + 1) / FRAMES_A_SECOND
    weights = torch.zeros(len(times), len(ARKIT_NAMES))
    for start, end, peaks in _GESTURES:
        for name, peak in peaks.items():
            column = weights[:, ARKIT_INDEX[name]]
            column.copy_(torch.maximum(column, peak * _bump(times, start, end)))
    yaw = _HEAD_TURN * (_bump(times, 5.3, 6.3) - _bump(times, 6.1, 7.1))
    pitch = 0.1 * _bump(times, 0.8, 2.0)
    turn = quaternion_from_matrix(rotation_from_euler(pitch, yaw, torch.zeros_like(yaw)))
    joint = "head" if "head" in rig.joint_names else rig.joint_names[0]
    return Clip(
        times=times,
        weights=weights,
        joint_names=(joint,),
        joint_rotations=turn[:, None],
        name="exercise",
    )


def _bump(times: Tensor, start: float, end: float) -> Tensor:
    """Rise smoothly from 0 to 1 and back between two times; 0 outside them."""
    phase = ((times - start) / (end - start)).clamp(0, 1)
    return 0.5 - 0.5 * torch.cos(2 * torch.pi * phase)
