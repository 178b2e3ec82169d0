"""How the landmark tracker errs on one person, learned from the frames that training mended.

A blink looks to the tracker a little like a nod, an open mouth like a longer face. Training finds
each frame's true pose from its picture; what of the difference depends on the tracked expression
and turn is found here by ridge regression, and can be taken out of frames that were never seen.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.transform import (
    Transform,
    matrix_from_rotation_vector,
    rotation_vector_from_matrix,
)
from avatar.gaussian.parameters import FrameUnknowns
from avatar.gaussian.take import Take

_RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 1e9)
"""Tried pulls towards no dependence, as shares of the inputs' mean variance; the last is none."""

_BLOCKS = 6
"""Stretches of the video that are left out in turn to choose the pull: neighbours are too alike."""


@dataclass(frozen=True, kw_only=True)
class TrackerErrors:
    """A linear guess of a tracked pose's error.

    `slopes` take the 52 tracked weights and the head's turn (rotation vector), less `usual`, to the
    error's rotation vector (radians) and translation (metres) in the head frame, plus `mean`.
    """

    slopes: Float[Tensor, "6 55"]
    usual: Float[Tensor, "55"]
    mean: Float[Tensor, "6"]

    def mended(self, weights: Float[Tensor, "52"], world_from_head: Transform) -> Transform:
        """Return a tracked pose with the error taken out."""
        turn = rotation_vector_from_matrix(world_from_head.rotation)
        error = self.slopes @ (torch.cat([weights, turn]) - self.usual) + self.mean
        return world_from_head @ Transform(
            rotation=matrix_from_rotation_vector(error[:3]), translation=error[3:]
        )


@torch.no_grad()
def learn_tracker_errors(take: Take, frames: FrameUnknowns) -> TrackerErrors:
    """Return what the frames' corrections have in common."""
    turns = rotation_vector_from_matrix(take.world_from_head.rotation)
    inputs = torch.cat([take.weights, turns], 1).double()
    errors = torch.cat([frames.turns, frames.shifts], 1).double()
    blocks = torch.arange(len(take)) * _BLOCKS // max(len(take), 1)
    scale = errors.std(0, correction=0).clamp_min(1e-9)
    costs: list[float] = []
    for ridge in _RIDGES:
        off = torch.zeros(())
        for block in blocks.unique().tolist():
            known = blocks != block
            if not bool(known.any()):
                known = ~known
            model = _ridge(inputs[known], errors[known], ridge)
            guess = (inputs[~known] - model.usual.double()) @ model.slopes.double().T
            off = off + ((guess + model.mean - errors[~known]) / scale).square().sum()
        costs.append(float(off))
    return _ridge(inputs, errors, _RIDGES[costs.index(min(costs))])


def _ridge(
    inputs: Float[Tensor, "frames 55"], errors: Float[Tensor, "frames 6"], ridge: float
) -> TrackerErrors:
    usual, mean = inputs.mean(0), errors.mean(0)
    centred = inputs - usual
    moments = centred.T @ centred / len(inputs)
    pull = (ridge * moments.diagonal().mean()).clamp_min(1e-9)
    slopes = torch.linalg.solve(
        moments + pull * torch.eye(55, dtype=inputs.dtype),
        centred.T @ (errors - mean) / len(inputs),
    )
    return TrackerErrors(slopes=slopes.T.float(), usual=usual.float(), mean=mean.float())
