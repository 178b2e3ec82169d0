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

    `base_color_map` has 3 or 4 channels (linear RGB, alpha); `normal_map` three, the tangent-space
    normal as glTF encodes it: (n + 1) / 2, +Y along falling v; the others have one.

    `specular` scales what a non-metal of this index of refraction (`ior`) mirrors, `clearcoat` is
    the share of a clear layer on top, such as the cornea's tears, with a roughness of its own.
    `occlusion_map` is the share of the sky that the mesh's own triangles do not hide. What glTF
    has no place for: `displacement_map`, metres outwards along the mesh's normal, and
    `confidence_map`, from 0 where the maps are made up to 1 where they come from seen pixels.
    """

    name: str
    base_color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    base_color_map: Float[Tensor, "height width channels"] | None = None
    roughness: float = 0.5
    roughness_map: Float[Tensor, "rough_height rough_width"] | None = None
    metallic: float = 0.0
    specular: float = 1.0
    specular_map: Float[Tensor, "specular_height specular_width"] | None = None
    ior: float = 1.5
    clearcoat: float = 0.0
    clearcoat_roughness: float = 0.0
    normal_map: Float[Tensor, "normal_height normal_width 3"] | None = None
    occlusion_map: Float[Tensor, "occlusion_height occlusion_width"] | None = None
    displacement_map: Float[Tensor, "displaced_height displaced_width"] | None = None
    confidence_map: Float[Tensor, "confidence_height confidence_width"] | None = None
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
