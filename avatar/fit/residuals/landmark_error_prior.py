"""The landmark detector's error modes are standard normal, as measured."""

import torch

from avatar.fit.solver import Linearised
from avatar.fit.state import HeadState


def landmark_error_prior(state: HeadState, photo: int) -> Linearised:
    """Return the photo's coefficients of the detector's error modes."""
    error = state.photos[photo].landmark_error
    return Linearised(
        residual=error,
        jacobian=torch.eye(len(error), dtype=error.dtype),
        columns=state.error_columns(photo),
    )
