"""Strands for the hair no photo shows: locks of streaks that run down from the crown."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

CROWN = (0.0, -0.075)
"""Where the hair whorls: x and z of the vertical axis, metres in the head frame."""

STREAKS = ((1700, 7, 0.9), (800, 9, 0.9), (360, 7, 0.7))
"""Fine streaks: how many around the head and along their length, and how strong."""

LOCKS = 150
"""Locks around the head: their edges are dark."""

WAVES = ((3, 5, 0.030), (14, 8, 0.012), (60, 10, 0.004))
"""How hair wavers: periods around the head and along its length, and the shift in half turns."""


def strand_pattern(
    points: Float[Tensor, "points 3"], generator: torch.Generator
) -> Float[Tensor, " points"]:
    """Return relative brightness, about zero, of combed hair at points of the scalp.

    Random streaks over the angle around the crown, slowly changing on the way down, so that hair
    seems to fall from the crown on all sides; bundled into locks that waver, part and cover each
    other. `points` are in the head frame, metres.
    """
    x, z = points[:, 0] - CROWN[0], points[:, 2] - CROWN[1]
    around = torch.atan2(x, z) / math.pi
    down = (points[:, 1] / 0.12).clamp(-1, 1)
    for across, along, shift in WAVES:
        # Hair is straight at the crown and wavers more the longer it has come.
        free = (1 - down).clamp(0, 1)
        around = around + shift * free * _lattice(across, along, around, down, generator)
    around = torch.remainder(around + 1, 2) - 1
    total = torch.zeros(len(points))
    for across, along, strength in STREAKS:
        total += strength * _lattice(across, along, around, down, generator)
    # Between two locks it is dark: a ridge of noise where it changes sign.
    lock = _lattice(LOCKS, 6, around, down, generator)
    total += 1.6 * (lock.abs().clamp_max(0.9) - 0.6)
    total += 0.7 * _lattice(LOCKS // 3, 6, around, down, generator)
    return (total / 1.7).clamp(-2.5, 2)


def _lattice(
    across: int,
    along: int,
    around: Float[Tensor, " points"],
    down: Float[Tensor, " points"],
    generator: torch.Generator,
) -> Float[Tensor, " points"]:
    """Return noise over the angle, without a seam, and the way down."""
    lattice = torch.randn(1, 1, along + 1, across, generator=generator)
    lattice = torch.cat([lattice, lattice[..., :1]], -1)
    grid = torch.stack([around, down], -1)[None, None]
    return functional.grid_sample(
        lattice, grid, mode="bilinear", padding_mode="border", align_corners=True
    )[0, 0, 0]
