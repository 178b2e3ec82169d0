"""A causal low-pass filter that follows fast motion at once and calms slow one.

Casiez, Roussel and Vogel, "1 EUR Filter" (CHI 2012): the cut-off frequency rises with the speed.
"""

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.transform import (
    Transform,
    matrix_from_rotation_vector,
    rotation_vector_from_matrix,
)


@dataclass(frozen=True, kw_only=True)
class Calm:
    """Cut-off frequency at rest (hertz), and how much it rises per unit of speed."""

    rest: float
    per_speed: float

    def lag(self, speed: float = 0.0) -> float:
        """Return by how many seconds the filter lags behind a slow motion at a speed."""
        return 1 / (2 * math.pi * (self.rest + self.per_speed * speed))


WEIGHTS = Calm(rest=2.0, per_speed=3.0)
ROTATION = Calm(rest=1.5, per_speed=6.0)
TRANSLATION = Calm(rest=1.5, per_speed=30.0)
_SPEED_CUTOFF = 3.0

Cutoff = TypeVar("Cutoff", float, Tensor)


@dataclass(frozen=True, kw_only=True)
class OneEuro:
    """The filter's memory of a vector: value, speed (units a second) and when that was."""

    time: float
    value: Float[Tensor, " numbers"]
    speed: Float[Tensor, " numbers"]

    @staticmethod
    def start(time: float, value: Float[Tensor, " numbers"]) -> "OneEuro":
        """Return the memory after a first value."""
        return OneEuro(time=time, value=value, speed=torch.zeros_like(value))

    def next(self, time: float, value: Float[Tensor, " numbers"], calm: Calm) -> "OneEuro":
        """Return the memory after one more value, every number filtered on its own."""
        step = max(time - self.time, 1e-4)
        raw = (value - self.value) / step
        speed = self.speed + _share(_SPEED_CUTOFF, step) * (raw - self.speed)
        share = _share(calm.rest + calm.per_speed * speed.abs(), step)
        return OneEuro(time=time, value=self.value + share * (value - self.value), speed=speed)


@dataclass(frozen=True, kw_only=True)
class PoseFilter:
    """The filter's memory of a pose: rotations are filtered as turns from the one before."""

    pose: Transform
    turn: OneEuro
    place: OneEuro

    @staticmethod
    def start(time: float, pose: Transform) -> "PoseFilter":
        """Return the memory after a first pose."""
        none = torch.zeros_like(pose.translation)
        return PoseFilter(
            pose=pose,
            turn=OneEuro.start(time, none),
            place=OneEuro.start(time, pose.translation),
        )

    def next(self, time: float, pose: Transform) -> "PoseFilter":
        """Return the memory after one more pose."""
        turned = rotation_vector_from_matrix(pose.rotation @ self.pose.rotation.T)
        turn = replace(self.turn, value=torch.zeros_like(turned)).next(
            time, turned, _together(ROTATION, self.turn.speed)
        )
        place = self.place.next(time, pose.translation, _together(TRANSLATION, self.place.speed))
        rotation = matrix_from_rotation_vector(turn.value) @ self.pose.rotation
        return PoseFilter(
            pose=Transform(rotation=rotation, translation=place.value), turn=turn, place=place
        )


def _share(cutoff: Cutoff, step: float) -> Cutoff:
    """Return how far a value moves towards a new one in a step of seconds, by the cut-off."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * step))


def _together(calm: Calm, speed: Float[Tensor, "3"]) -> Calm:
    """Return one cut-off for all axes, by the whole motion's speed: they must not come apart."""
    return Calm(rest=calm.rest + calm.per_speed * float(speed.norm()), per_speed=0.0)
