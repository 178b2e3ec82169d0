"""The model's prior on identity: its coefficients are standard normal."""

import torch

from avatar.fit.solver import Linearised
from avatar.fit.state import HeadState


def identity_prior(state: HeadState) -> Linearised:
    """Return the identity's coefficients."""
    return Linearised(
        residual=state.identity,
        jacobian=torch.eye(len(state.identity), dtype=state.identity.dtype),
        columns=state.identity_columns(),
    )
