"""The grain of skin that no photo shows: pores and mottling."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

PORES = ((0.0012, 0.6), (0.0026, 0.8), (0.006, 0.5))
"""Sizes of pores and of the lines between them, as shares of the texture's side, and depths."""

MOTTLES = ((0.012, 0.7), (0.035, 0.7))
"""Sizes and strengths of patches with more or less blood."""

LIGHTER, REDDER = 0.025, 0.02
"""Standard deviations of the log brightness of pores and of the redness of mottles."""


@dataclass(frozen=True, kw_only=True)
class SkinGrain:
    """Height of the skin and its redness at every pixel of its texture, mean 0, deviation 1."""

    height: Float[Tensor, "size size"]
    redness: Float[Tensor, "size size"]

    def colors(self) -> Float[Tensor, "size size 3"]:
        """Return the factor on albedo that goes with the grain."""
        red = REDDER * self.redness
        lighter = LIGHTER * self.height
        return torch.stack([lighter + 0.3 * red, lighter - red, lighter - 0.7 * red], -1).exp()


def skin_grain(size: int, generator: torch.Generator) -> SkinGrain:
    """Return the grain for a square texture whose charts are about as large as on the head."""
    return SkinGrain(
        height=_noise(size, PORES, generator), redness=_noise(size, MOTTLES, generator)
    )


def _noise(
    size: int, octaves: tuple[tuple[float, float], ...], generator: torch.Generator
) -> Float[Tensor, "size size"]:
    total = torch.zeros(1, 1, size, size)
    for grain, strength in octaves:
        cells = max(4, min(size, round(1 / grain)))
        noise = torch.randn(1, 1, cells, cells, generator=generator)
        total += strength * functional.interpolate(noise, (size, size), mode="bicubic")
    total -= total.mean()
    return (total / total.std().clamp_min(1e-6))[0, 0]
