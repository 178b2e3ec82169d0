"""Displacement in 16-bit pixels: `ZERO` is none, one level is a step in metres."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from avatar.core.errors import BundleError

ZERO = 32768
"""The level of a surface left where it is; below it lies what is pressed in."""

MAX_DISPLACEMENT = 1.0
"""Metres; whatever exceeds that is no detail of a head."""


def displacement_levels(
    displacement: Float[Tensor, "height width"],
) -> tuple[NDArray[np.uint16], float]:
    """Return the pixels (height, width, 1) and metres per level, as small as the range allows.

    Raises:
        BundleError: a value is no number, or too large.
    """
    metres = displacement.detach().cpu().double()
    most = float(metres.abs().max()) if metres.numel() else 0.0
    if not most <= MAX_DISPLACEMENT:
        raise BundleError(
            f"displacement_map: expected finite metres of up to {MAX_DISPLACEMENT:g}, got {most:g}"
        )
    step = most / (ZERO - 1)
    levels = torch.zeros_like(metres) if step == 0 else metres / step
    return (levels.round() + ZERO).numpy().astype(np.uint16)[..., None], step


def displacement_from_levels(
    levels: NDArray[np.uint16], step: float
) -> Float[Tensor, "height width"]:
    """Return metres of the pixels (height, width, 1) at so many metres per level."""
    return torch.from_numpy(((levels[..., 0].astype(np.float64) - ZERO) * step).astype(np.float32))
