"""What colours skin: melanin and blood, as two densities that are added in the logarithm.

In the logarithm of its linear colour skin spans a plane (Tsumura et al., "Image-based skin color
and texture analysis/synthesis by extracting hemoglobin and melanin information", SIGGRAPH 2003):
each pigment takes away light in proportion to its density, more of it the shorter the wave.
"""

import torch
from jaxtyping import Float
from torch import Tensor

PALEST = (0.71, 0.55, 0.46)
"""Linear sRGB of skin without either pigment."""

MELANIN = (1.42, 1.72, 2.02)
"""By how much the darkest skin's melanin lowers the logarithm of red, green and blue."""

BLOOD = (0.08, 0.46, 0.40)
"""The same of the most flushed skin's haemoglobin, which hardly takes red."""


def skin_color(melanin: float, blood: float) -> Float[Tensor, "3"]:
    """Return the linear albedo of skin with these densities, each in [0, 1]."""
    return torch.tensor(PALEST) * torch.exp(-(torch.tensor([melanin, blood]) @ _absorbed()))


def pigments(albedo: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 2"]:
    """Return melanin and blood of albedos, by least squares in the logarithm; not clamped."""
    absorbed = _absorbed().to(albedo)
    missing = albedo.new_tensor(PALEST).log() - albedo.clamp_min(1e-4).log()
    return missing @ torch.linalg.pinv(absorbed)


def with_pigments_added(
    albedo: Float[Tensor, "*batch 3"],
    melanin: Float[Tensor, "*batch"],
    blood: Float[Tensor, "*batch"],
) -> Float[Tensor, "*batch 3"]:
    """Return albedos with so much more of each pigment; what else colours them stays."""
    absorbed = _absorbed().to(albedo)
    more = melanin[..., None] * absorbed[0] + blood[..., None] * absorbed[1]
    return albedo * torch.exp(-more)


def _absorbed() -> Float[Tensor, "2 3"]:
    return torch.tensor([MELANIN, BLOOD])
