"""Joints as combinations of vertices that move with the head wherever it stands."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.errors import ModelError

_SLACK = 0.1


def rows_through(
    rows: Float[Tensor, "joints verts"],
    template: Float[Tensor, "verts 3"],
    joints: Float[Tensor, "joints 3"],
) -> Float[Tensor, "joints verts"]:
    """Return the rows changed as little as possible to sum to one and give these joints.

    Published regressors do so only nearly, which would move the joints of a head that is moved.
    Only weights that are not zero change, unless there are too few of them.

    Raises:
        ModelError: a row would have to change by more than rounding and slack explain.
    """
    corrected = torch.zeros_like(rows)
    for joint, row in enumerate(rows):
        support = row.nonzero()[:, 0]
        if len(support) < 8:
            support = torch.arange(len(row))
        conditions = torch.cat([template[support].T, row.new_ones(1, len(support))])
        wanted = torch.cat([joints[joint], row.new_ones(1)])
        gap = wanted - conditions @ row[support]
        if float(gap.abs().max()) > _SLACK:
            raise ModelError(
                f"joint regressor: expected row {joint} to sum to one and give the joint, "
                f"got a sum of {float(row.sum()):.3f} and {float(gap[:3].norm()):.3f} m between"
            )
        change = torch.linalg.lstsq(conditions, gap[:, None], driver="gelsd").solution[:, 0]
        corrected[joint, support] = row[support] + change
    return corrected
