"""Expressions are sparse: each coefficient is exponentially distributed over [0, 1]."""

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES, mirrored_name
from avatar.fit.solver import Linearised
from avatar.fit.state import HeadState

SOFTENING = 0.05


def expression_sparsity(
    state: HeadState, photo: int, rates: Float[Tensor, "52"] | None = None
) -> Linearised:
    """Return residuals whose halved squares sum to the coefficients (an L1 norm, as all are >= 0).

    `rates` multiply the coefficients: those of 2 are half as large on average as those of 1.

    The residual of a coefficient w is sqrt(2 (w + softening)); the softening keeps the slope
    finite at 0, where the halved square's own slope is exactly 1 all the same.
    """
    expression = state.photos[photo].expression
    rates = torch.ones_like(expression) if rates is None else rates.to(expression)
    residual = (2 * rates * (expression + SOFTENING)).sqrt()
    return Linearised(
        residual=residual,
        jacobian=torch.diag(rates / residual),
        columns=state.expression_columns(photo),
    )


def expression_symmetry(state: HeadState, photo: int) -> Linearised:
    """Return left minus right of every coefficient that has a mirror image."""
    expression = state.photos[photo].expression
    jacobian = _left_minus_right().to(expression)
    return Linearised(
        residual=jacobian @ expression,
        jacobian=jacobian,
        columns=state.expression_columns(photo),
    )


@cache
def coefficient_rates(supporting: float = 4.0) -> Float[Tensor, "52"]:
    """Return rates for `expression_sparsity` by which supporting coefficients are rarer.

    Faces mostly move by a few coefficients; the others colour them. Where two explain the same
    landmarks, as lids that fall and lids that squint do, the leading one is meant.
    """
    leads = [name.startswith(_LEADING) for name in ARKIT_NAMES]
    return torch.where(torch.tensor(leads), 1.0, supporting)


_LEADING = (
    *("eyeBlink", "eyeLook", "eyeWide", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker"),
    *("mouthSmile", "mouthFrown", "browDown", "browInnerUp", "browOuterUp"),
)


@cache
def _left_minus_right() -> Float[Tensor, "pairs 52"]:
    pairs = [
        (index, ARKIT_INDEX[mirrored_name(name)])
        for index, name in enumerate(ARKIT_NAMES)
        if name.endswith("Left") and mirrored_name(name) in ARKIT_INDEX
    ]
    rows = torch.zeros(len(pairs), len(ARKIT_NAMES))
    for row, (left, right) in enumerate(pairs):
        rows[row, left], rows[row, right] = 1.0, -1.0
    return rows
