"""What is known of a photo's focal length before looking at the face."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.fit.solver import Linearised
from avatar.fit.state import HeadState


def focal_prior(
    state: HeadState, photo: int, log_focal: Float[Tensor, ""], deviation: float
) -> Linearised:
    """Return how many standard deviations the log focal length is from the expected one."""
    own = state.photos[photo].log_focal
    return Linearised(
        residual=((own - log_focal) / deviation)[None],
        jacobian=torch.full((1, 1), 1 / deviation, dtype=own.dtype),
        columns=state.focal_columns(photo),
    )
