"""A face moves little from one frame to the next."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.transform import Transform, rotation_vector_from_matrix
from avatar.fit.solver import Linearised
from avatar.fit.state import HeadState


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Where the face is expected, and the standard deviations of how far it is from there.

    `rotation` is in radians, `translation` in metres, `expression` one deviation per coefficient.
    """

    camera_from_head: Transform
    expression: Float[Tensor, "52"]
    rotation_deviation: float
    translation_deviation: float
    expression_deviations: Float[Tensor, "52"]


def motion_prior(state: HeadState, photo: int, motion: Motion) -> Linearised:
    """Return rotation, translation and expression minus the expected ones, over the deviations."""
    own = state.photos[photo]
    pose, expected = own.camera_from_head, motion.camera_from_head
    turn = rotation_vector_from_matrix(pose.rotation @ expected.rotation.T)
    precision = torch.cat(
        [
            turn.new_full((3,), 1 / motion.rotation_deviation),
            turn.new_full((3,), 1 / motion.translation_deviation),
            1 / motion.expression_deviations,
        ]
    )
    residual = torch.cat(
        [turn, pose.translation - expected.translation, own.expression - motion.expression]
    )
    # Steps turn in the camera frame, from the left: for small turns the derivative is 1.
    return Linearised(
        residual=residual * precision,
        jacobian=torch.diag(precision),
        columns=torch.cat([state.pose_columns(photo), state.expression_columns(photo)]),
    )
