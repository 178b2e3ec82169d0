"""Clips as CSV in the layout of Apple's Live Link Face, which Unreal, Maya and Blender read.

A row a frame: a timecode, the number of coefficients, the 52 of ARKit, and yaw, pitch and roll of
the head and of both eyes in radians.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.animation.resample import at_rate
from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.core.transform import (
    euler_from_rotation,
    matrix_from_quaternion,
    quaternion_from_matrix,
    rotation_from_euler,
)
from avatar.files.atomic import atomic_write

LIVE_LINK_ORDER: tuple[str, ...] = tuple(
    """eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft
    eyeWideLeft eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight
    eyeSquintRight eyeWideRight jawForward jawRight jawLeft jawOpen mouthClose mouthFunnel
    mouthPucker mouthRight mouthLeft mouthSmileLeft mouthSmileRight mouthFrownLeft
    mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft mouthPressRight
    mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight browDownLeft
    browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft
    cheekSquintRight noseSneerLeft noseSneerRight tongueOut""".split()  # noqa: SIM905
)
"""The app's order, which swaps left and right of jaw and mouth against `ARKIT_NAMES`."""

_TURNS = tuple(f"{part}{turn}" for part in ("head", "leftEye", "rightEye") for turn in (
    "Yaw", "Pitch", "Roll",
))  # fmt: skip

_EYE_REACH = 0.6
"""Radians an eye turns at a look of 1."""


_PAUSE, _PAUSE_STEPS = 0.25, 4.0
"""Seconds, and usual steps between keys, beyond which two keys do not belong together."""


def write_live_link(clip: Clip, path: Path | str, fps: int = 60) -> None:
    """Write a clip as the CSV of Live Link Face, whole or not at all; OutputError if it cannot.

    The app records 30 or 60 frames a second. Where the face was away there are no rows.
    """
    timed = at_rate(clip, fps)
    weights = timed.weights[:, [ARKIT_INDEX[name] for name in LIVE_LINK_ORDER]]
    rows = torch.cat([weights, live_link_turns(timed)], 1)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    names = [name[0].upper() + name[1:] for name in (*LIVE_LINK_ORDER, *_TURNS)]
    table.writerow(["Timecode", "BlendshapeCount", *names])
    there = _there(clip.times, timed.times).tolist()
    for number, row in enumerate(rows.tolist()):
        if not there[number]:
            continue
        code = _timecode(number, fps)
        table.writerow([code, len(names), *(f"{value:.10g}" for value in row)])
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


def read_live_link(path: Path | str) -> Clip:
    """Return a recording of Live Link Face as a clip that starts at 0.

    Columns are found by their names, in any order; the head's turns become the joint `head`.

    Raises:
        OptionError: it is no such file.
    """
    try:
        rows = list(csv.reader(Path(path).read_text(encoding="utf-8-sig").splitlines()))
    except FileNotFoundError as error:
        raise OptionError(f"{path}: there is no such file") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OptionError(f"{path}: cannot be read as CSV ({error})") from error
    header = [name[:1].lower() + name[1:] for name in rows[0]] if rows else []
    missing = [name for name in ARKIT_NAMES if name not in header]
    if "timecode" not in header or missing:
        raise OptionError(
            f"{path}: expected the columns of Live Link Face, missing {['Timecode', *missing][:3]}"
        )
    kept = [row for row in rows[1:] if len(row) == len(header)]
    try:
        columns = {name: [row[place] for row in kept] for place, name in enumerate(header)}
        weights = np.array([columns[name] for name in ARKIT_NAMES], dtype=np.float32).T
        times = _seconds(columns["timecode"])
        turns = [np.array(columns.get(name, [0] * len(kept)), np.float32) for name in _TURNS[:3]]
    except ValueError as error:
        raise OptionError(f"{path}: a value is no number ({error})") from error
    if not kept:
        raise OptionError(f"{path}: there are no frames in it")
    yaw, pitch, roll = (torch.from_numpy(turn) for turn in turns)
    rotation = quaternion_from_matrix(rotation_from_euler(pitch, yaw, roll))
    return Clip(
        times=times,
        weights=torch.from_numpy(weights).clamp(0, 1),
        joint_names=("head",),
        joint_rotations=rotation[:, None],
        name=Path(path).stem,
    )


def _there(
    keys: Float[Tensor, " keys"], times: Float[Tensor, " frames"]
) -> Bool[Tensor, " frames"]:
    """Return which times lie between keys that belong together: no pause parts them."""
    if len(keys) < 2:
        return torch.ones(len(times), dtype=torch.bool)
    steps = keys.diff()
    pause = steps > max(_PAUSE_STEPS * float(steps.median()), _PAUSE)
    after = torch.searchsorted(keys, times).clamp(1, len(keys) - 1)
    near = torch.minimum((times - keys[after - 1]).abs(), (times - keys[after]).abs())
    return ~pause[after - 1] | (near < 1e-4)


def live_link_turns(clip: Clip) -> Float[Tensor, "frames 9"]:
    """Return yaw, pitch and roll of head, left eye and right eye, radians.

    Positive yaw turns to the subject's left, positive pitch down.
    """
    return torch.cat([_head_turns(clip), _eye_turns(clip.weights)], 1)


def _head_turns(clip: Clip) -> Float[Tensor, "frames 3"]:
    """Return yaw, pitch and roll of the joints `neck` and `head` together."""
    turn = torch.eye(3).expand(len(clip.times), 3, 3)
    if clip.joint_rotations is not None:
        for name, own in zip(clip.joint_names, clip.joint_rotations.unbind(1), strict=True):
            if name in ("neck", "head"):
                turn = turn @ matrix_from_quaternion(own)
    pitch, yaw, roll = euler_from_rotation(turn)
    return torch.stack([yaw, pitch, roll], 1)


def _eye_turns(weights: Float[Tensor, "frames 52"]) -> Float[Tensor, "frames 6"]:
    def look(name: str) -> Tensor:
        return weights[:, ARKIT_INDEX[f"eyeLook{name}"]]

    columns: list[Tensor] = []
    for side, outwards in (("Left", 1.0), ("Right", -1.0)):
        yaw = outwards * (look(f"Out{side}") - look(f"In{side}"))
        pitch = look(f"Down{side}") - look(f"Up{side}")
        columns += [yaw * _EYE_REACH, pitch * _EYE_REACH, torch.zeros_like(yaw)]
    return torch.stack(columns, 1)


def _timecode(number: int, fps: int) -> str:
    seconds, frame = divmod(number, fps)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours:02d}:{minutes:02d}:{seconds % 60:02d}:{frame:02d}.000"


def _seconds(codes: Sequence[str]) -> Float[Tensor, " frames"]:
    """Return times from 0 on; frames a second are the most frames that any second holds."""
    parsed: list[tuple[int, float]] = []
    for code in codes:
        hours, minutes, seconds, frame = code.split(":")
        parsed.append((3600 * int(hours) + 60 * int(minutes) + int(seconds), float(frame)))
    most = max((frame for _, frame in parsed), default=0.0)
    fps = next((rate for rate in (24, 25, 30, 50, 60) if most < rate), 120)
    times = torch.tensor([second + frame / fps for second, frame in parsed], dtype=torch.float64)
    times = times - times[:1]
    return times.cummax(0).values.float() if len(times) else times.float()
