"""How a head moves while it talks: it drifts, nods on accents, and breathes."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from avatar.speech.upper_face import Speech

JOINTS = ("neck", "head")
"""The joints that share a movement, where the rig has them."""

_DRIFT = np.radians((1.3, 2.2, 1.2))
"""Pitch, yaw and roll that the head wanders by, one standard deviation."""

_FREQUENCIES = (0.11, 0.19, 0.31, 0.52)
_NOD = np.radians(2.2)
_NOD_TIME = 0.16
_MELODY = np.radians(0.35)
_BREATH, _BREATHS = np.radians(0.35), 0.24
_IDLE = 0.45


def head_turns(
    speech: Speech,
    marks: tuple[tuple[float, float], ...],
    amount: float,
    draw: np.random.Generator,
) -> Float[np.ndarray, "frames 3"]:
    """Return pitch, yaw and roll in radians; positive pitch nods down.

    Slow waves of random phases for the drift, calmer in pauses; a nod on every accent; a rising
    voice lifts the chin.
    """
    times = speech.times[:, None]
    drift = np.zeros((len(times), 3))
    for frequency in _FREQUENCIES:
        phase = draw.uniform(0, 2 * np.pi, 3)
        pace = frequency * draw.uniform(0.8, 1.25, 3)
        drift += draw.normal(0, 1, 3) * np.sin(2 * np.pi * pace * times + phase)
    drift *= _DRIFT / np.sqrt(len(_FREQUENCIES) / 2)
    # Starts where the rig rests, so that clips can follow one another.
    begun = np.clip(times / 0.8, 0, 1)
    turns = drift * begun * begun * (3 - 2 * begun)
    turns *= (_IDLE + (1 - _IDLE) * speech.speaking)[:, None]
    turns[:, 0] -= _MELODY * np.clip(speech.pitch, -4, 4) / 2 * speech.speaking
    for at, strength in marks:
        turns[:, 0] += _NOD * strength * _bump((speech.times - at - 0.04) / _NOD_TIME)
    turns[:, 0] += _BREATH * np.sin(2 * np.pi * _BREATHS * speech.times)
    return turns * amount


def joint_rotations(
    turns: Float[np.ndarray, "frames 3"], joints: tuple[str, ...]
) -> Float[Tensor, "frames joints 4"]:
    """Return unit quaternions that share the turn among the joints."""
    half = turns / (2 * max(len(joints), 1))
    # The quaternion of `rotation_from_euler`, yaw after pitch after roll, without a matrix between.
    (a, b, c), (p, q, r) = np.cos(half).T, np.sin(half).T
    turn = np.stack(
        [
            p * b * c + a * q * r,
            a * q * c - p * b * r,
            a * b * r - p * q * c,
            a * b * c + p * q * r,
        ],
        1,
    )
    whole = torch.from_numpy(turn.astype(np.float32))
    return whole[:, None].expand(-1, len(joints), -1).contiguous()


def _bump(phase: np.ndarray) -> np.ndarray:
    """Return a nod: down, and a little slower back."""
    return np.where(phase < 0, np.exp(-(phase**2)), np.exp(-((phase / 1.6) ** 2)))
