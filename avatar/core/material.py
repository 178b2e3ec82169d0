"""Physically based materials in glTF's metallic-roughness model."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""How much red, green and blue, linear sRGB, add to luminance."""

AlphaMode = Literal["opaque", "mask", "blend"]


@dataclass(frozen=True, kw_only=True)
class Material:
    """A surface's reflectance; maps are linear, row 0 at v = 0, and multiply the factors.

    `base_color_map` has 3 or 4 channels (linear RGB, alpha); `roughness_map` one; `normal_map`
    three, the tangent-space normal as glTF encodes it: (n + 1) / 2, +Y along falling v.
    """

    name: str
    base_color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    base_color_map: Float[Tensor, "height width channels"] | None = None
    roughness: float = 0.5
    roughness_map: Float[Tensor, "rough_height rough_width"] | None = None
    metallic: float = 0.0
    normal_map: Float[Tensor, "normal_height normal_width 3"] | None = None
    alpha_mode: AlphaMode = "opaque"
    double_sided: bool = False


def linear_from_srgb(srgb: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Decode sRGB in [0, 1] to linear light (IEC 61966-2-1)."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb.clamp_min(0) + 0.055) / 1.055) ** 2.4)


def srgb_from_linear(linear: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Encode linear light as sRGB in [0, 1] (IEC 61966-2-1), clipping what lies outside."""
    linear = linear.clamp(0, 1)
    curve = 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, linear * 12.92, curve)
