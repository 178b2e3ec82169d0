"""Smooth random patterns that textures are mixed from."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def smooth_noise(
    size: tuple[int, int], cells: tuple[int, int], generator: torch.Generator
) -> Float[Tensor, "height width"]:
    """Return cubic noise, mean 0 and deviation about 1, with this many random values per axis."""
    values = torch.randn(1, 1, *cells, generator=generator)
    return functional.interpolate(values, size, mode="bicubic", align_corners=True)[0, 0]


def polar_noise(
    radius: Float[Tensor, "height width"],
    angle: Float[Tensor, "height width"],
    cells: tuple[int, int],
    generator: torch.Generator,
) -> Float[Tensor, "height width"]:
    """Return noise over polar coordinates, without a seam; `cells` along radius and round.

    `radius` runs from 0 to 1 over the cells; `angle` is in radians.
    """
    values = torch.randn(*cells, generator=generator)
    wrapped = torch.cat([values, values[:, :1]], dim=1)
    across = torch.remainder(angle, 2 * math.pi) / math.pi - 1
    grid = torch.stack([across, radius.clamp(0, 1) * 2 - 1], dim=-1)[None]
    return functional.grid_sample(
        wrapped[None, None], grid, mode="bilinear", padding_mode="border", align_corners=True
    )[0, 0]


def smooth_step(
    low: float, high: float, values: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """Return 0 below `low`, 1 above `high` and a smooth rise between; falls where high < low."""
    share = ((values - low) / (high - low)).clamp(0, 1)
    return share * share * (3 - 2 * share)


def mixed(
    first: Float[Tensor, "*shape 3"], second: Float[Tensor, "*shape 3"], share: Tensor
) -> Float[Tensor, "*shape 3"]:
    """Return `first` where `share` is 0, `second` where it is 1."""
    return first + (second - first) * share[..., None]
