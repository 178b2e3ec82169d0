"""Strands for the hair no photo shows: streaks that run down from the crown."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

CROWN = (0.0, -0.075)
"""Where the hair whorls: x and z of the vertical axis, metres in the head frame."""

STREAKS = ((1500, 5), (760, 6), (330, 6), (90, 5))
"""Streaks around the head and along their length, from fine to coarse."""


def strand_pattern(
    points: Float[Tensor, "points 3"], generator: torch.Generator
) -> Float[Tensor, " points"]:
    """Return relative brightness, about zero, of combed hair at points of the scalp.

    Random streaks over the angle around the crown, slowly changing on the way down, so that hair
    seems to fall from the crown on all sides. `points` are in the head frame, metres.
    """
    x, z = points[:, 0] - CROWN[0], points[:, 2] - CROWN[1]
    around = torch.atan2(x, z) / math.pi
    down = (points[:, 1] / 0.12).clamp(-1, 1)
    # Strands waver a little on their way.
    around = around + 0.006 * torch.sin(7 * down + 6 * math.pi * around)
    grid = torch.stack([around, down], -1)[None, None]
    total = torch.zeros(len(points))
    for across, along in STREAKS:
        lattice = torch.randn(1, 1, along + 1, across, generator=generator)
        # The streak at one end of the turn continues at the other.
        lattice = torch.cat([lattice, lattice[..., :1]], -1)
        total += functional.grid_sample(lattice, grid, mode="bilinear", align_corners=True)[0, 0, 0]
    return total / math.sqrt(len(STREAKS))
