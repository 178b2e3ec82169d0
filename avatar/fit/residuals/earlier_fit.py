"""What a fit that came before is sure of: its cost around where it stopped, as a quadratic."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.transform import rotation_vector_from_matrix
from avatar.fit.solver import Linearised
from avatar.fit.state import FOCAL_SIZE, POSE_SIZE, HeadState, PhotoState


@dataclass(frozen=True, kw_only=True)
class EarlierFit:
    """Where a fit stopped, and how its cost rises from there by pose and some `coefficients`.

    The rise by steps d is `|root' d + pull|^2 / 2`, but for a constant; rows are the pose's six,
    then those of `coefficients`.
    """

    photo: PhotoState
    coefficients: Int[Tensor, " coefficients"]
    root: Float[Tensor, "rows rows"]
    pull: Float[Tensor, " rows"]

    @staticmethod
    def of(
        photo: PhotoState,
        coefficients: Int[Tensor, " coefficients"],
        information: Float[Tensor, "rows rows"],
        gradient: Float[Tensor, " rows"],
    ) -> "EarlierFit":
        """Return it from the cost's gradient and Hessian where the fit stopped."""
        # A little more than nothing, so that what nobody saw has a root as well.
        least = torch.diag(information.diagonal().clamp_min(1e-6))
        root = torch.linalg.cholesky(information + 1e-9 * least)
        pull = torch.linalg.solve_triangular(root, gradient[:, None], upper=False)[:, 0]
        return EarlierFit(photo=photo, coefficients=coefficients, root=root, pull=pull)


def earlier_fit(state: HeadState, photo: int, earlier: EarlierFit) -> Linearised:
    """Return residuals whose half sum of squares is how far the earlier fit's cost has risen."""
    here, before = state.photos[photo], earlier.photo
    turn = here.camera_from_head.rotation @ before.camera_from_head.rotation.T
    shift = here.camera_from_head.translation - before.camera_from_head.translation
    change = (here.expression - before.expression)[earlier.coefficients]
    moved = torch.cat([rotation_vector_from_matrix(turn), shift, change])
    own = torch.cat([torch.arange(POSE_SIZE), POSE_SIZE + FOCAL_SIZE + earlier.coefficients])
    # Steps turn in the camera frame, from the left: for small turns the derivative is 1.
    return Linearised(
        residual=earlier.root.T @ moved + earlier.pull,
        jacobian=earlier.root.T.contiguous(),
        columns=state.photo_columns(photo)[own],
    )
