"""How an eye turns: the four looks of ARKit as exact rotations about the ball's centre."""

import math
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX

# What a person does with the head still before the neck joins in, and what the morphs mean at 1.
LOOK_IN = math.radians(32)
LOOK_OUT = math.radians(32)
LOOK_UP = math.radians(24)
LOOK_DOWN = math.radians(28)


def turned(
    points: Float[Tensor, "points 3"],
    centre: Float[Tensor, "3"],
    *,
    yaw: float = 0.0,
    pitch: float = 0.0,
) -> Float[Tensor, "points 3"]:
    """Turn points about a centre: `yaw` towards the subject's left, `pitch` up; radians."""
    sin_yaw, cos_yaw = math.sin(yaw), math.cos(yaw)
    sin_pitch, cos_pitch = math.sin(pitch), math.cos(pitch)
    about_y = points.new_tensor([[cos_yaw, 0, sin_yaw], [0, 1, 0], [-sin_yaw, 0, cos_yaw]])
    about_x = points.new_tensor([[1, 0, 0], [0, cos_pitch, sin_pitch], [0, -sin_pitch, cos_pitch]])
    return (points - centre) @ (about_y @ about_x).T + centre


def gaze_expressions(
    points: Float[Tensor, "points 3"], centre: Float[Tensor, "3"], side: Literal["left", "right"]
) -> Float[Tensor, "52 points 3"]:
    """Return the displacements of an eye's points: whole rotations at weight one."""
    outwards = 1.0 if side == "left" else -1.0
    turns = {
        "In": turned(points, centre, yaw=-outwards * LOOK_IN),
        "Out": turned(points, centre, yaw=outwards * LOOK_OUT),
        "Up": turned(points, centre, pitch=LOOK_UP),
        "Down": turned(points, centre, pitch=-LOOK_DOWN),
    }
    expressions = points.new_zeros(len(ARKIT_INDEX), len(points), 3)
    for direction, moved in turns.items():
        expressions[ARKIT_INDEX[f"eyeLook{direction}{side.capitalize()}"]] = moved - points
    return expressions
