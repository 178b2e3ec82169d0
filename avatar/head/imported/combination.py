"""Points that follow a surface: affine combinations of vertices."""

import torch
from jaxtyping import Float
from torch import Tensor


def combination_for(
    points: Float[Tensor, "points 3"], target: Float[Tensor, "3"]
) -> Float[Tensor, " points"]:
    """Return the weights closest to equal ones that sum to one and give `target`.

    An affine combination, so the target follows every affine motion of the points. Where the
    points lie in a plane, the closest possible position results.
    """
    mean = points.mean(0)
    offsets = points - mean
    pull = torch.linalg.pinv(offsets.T @ offsets) @ (target - mean)
    return 1 / len(points) + offsets @ pull
