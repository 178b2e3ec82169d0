"""A photo's texels without its light: albedo, and what the skin's surface mirrored."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.maps.lit_view import LitView
from avatar.maps.texels import Texels
from avatar.maps.unwrap import PhotoTexels

DARKEST = 0.25
"""Irradiance below this share of the usual is not divided out further: it is mostly noise."""

ALBEDO_DEVIATION, GLOSS_DEVIATION = 0.10, 0.7
"""How far skin's brightness differs from that around it, and the gloss from what is foreseen."""

NOISE = 0.012
"""Relative noise of a pixel's colour, about: sensors, compression."""

MOST_GLOSS = 0.5
"""Share of what a camera sees of a texel that gloss may be foreseen to make."""


@dataclass(frozen=True, kw_only=True)
class Delit:
    """A photo's texels told apart: `view` holds albedo, `gloss` what was mirrored (luminance).

    `foreseen` is the gloss the photo's light gives skin of the usual roughness; all linear, one row
    per texel.
    """

    view: PhotoTexels
    gloss: Float[Tensor, " texels"]
    foreseen: Float[Tensor, " texels"]


def delight(
    view: PhotoTexels, lit: LitView, base: Float[Tensor, "verts 3"], texels: Texels
) -> Delit:
    """Take a photo's light out of texels.

    Dichromatic (Shafer 1985): a pixel is k * (the albedo around it in this light) + s * (what the
    surface mirrors, of the light's colour); k and s are the likeliest of two normal distributions
    about 1 and about the foreseen gloss. What k cannot say (spots, lips, hue) stays albedo.
    `base` is the smooth albedo at the vertices.
    """
    fields = texels.interpolate(torch.cat([lit.matte, lit.gloss, base], -1))
    matte, gloss, around = fields.split(3, 1)
    seen, matte = view.colors, matte.clamp_min(0)
    sure = lit.trust > 0.3
    usual = lit.matte[sure].mean(0) if bool(sure.any()) else lit.matte.new_ones(3)
    floor = torch.maximum(matte, DARKEST * usual)
    limit = MOST_GLOSS * seen.amin(-1, keepdim=True).clamp_min(1e-4)
    level = gloss.mean(-1, keepdim=True).clamp_min(1e-5)
    foreseen = torch.minimum(level, limit)
    amount = _mirrored(seen, around.clamp_min(5e-3) * floor, gloss / level, foreseen)
    albedo = ((seen - gloss / level * amount).clamp_min(0) / floor).clamp(0, 1.5)
    # Neither deep shadow nor burnt-out shine tells the albedo.
    dim = (matte / (DARKEST * usual)).amin(-1).clamp(0, 1)
    burnt = ((1.02 - seen.amax(-1)) / 0.06).clamp(0.05, 1)
    share = (amount / seen.mean(-1, keepdim=True).clamp_min(1e-4))[:, 0]
    weights = view.weights * dim * burnt * (1 - share.clamp(0, 0.9))
    return Delit(
        view=PhotoTexels(colors=albedo, weights=weights),
        gloss=amount[:, 0],
        foreseen=foreseen[:, 0],
    )


def _mirrored(
    seen: Float[Tensor, "texels 3"],
    scattered: Float[Tensor, "texels 3"],
    hue: Float[Tensor, "texels 3"],
    foreseen: Float[Tensor, "texels 1"],
) -> Float[Tensor, "texels 1"]:
    """Return the likeliest strength of the gloss: a 2 x 2 least-squares problem per texel."""
    noise = (NOISE * seen.mean(-1, keepdim=True) + 2e-3) ** -2
    sure_k = ALBEDO_DEVIATION**-2
    sure_s = (GLOSS_DEVIATION * foreseen + 0.004) ** -2
    kk = (scattered * scattered).sum(-1, keepdim=True) * noise + sure_k
    ks = (scattered * hue).sum(-1, keepdim=True) * noise
    ss = (hue * hue).sum(-1, keepdim=True) * noise + sure_s
    k = (scattered * seen).sum(-1, keepdim=True) * noise + sure_k
    s = (hue * seen).sum(-1, keepdim=True) * noise + sure_s * foreseen
    amount = (kk * s - ks * k) / (kk * ss - ks * ks).clamp_min(1e-12)
    return torch.minimum(amount.clamp_min(0), 0.9 * seen.amin(-1, keepdim=True))
