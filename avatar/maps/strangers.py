"""What a photo shows on the head without being the person: clothes, teeth, a neighbour's hair."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.head.model import HeadModel
from avatar.maps.texels import Texels
from avatar.maps.unwrap import PhotoTexels

HEAD_REGIONS = ("face", "face_wide", "scalp", "ears", "eye_sockets", "mouth_interior")
"""Regions that no clothes cover."""

DARKER = 0.5
"""How much darker than the lips (natural log) something on them is not their own."""

KEEP_AWAY = 0.004
"""How far around a stranger nothing is trusted, as a share of the texture's side."""


def without_strangers(
    view: PhotoTexels,
    texels: Texels,
    model: HeadModel,
    known: tuple[Float[Tensor, "3"], Float[Tensor, " texels"]],
) -> PhotoTexels:
    """Return the view with distrust in what is not the person's skin or hair.

    Below the head and on the ears everything unlike skin: collars, clothes, hair. On the face only
    what is bright without being skin-coloured (teeth between the lips, a collar along the jaw):
    brows, beards and shadows are dark and stay, except on the lips. Where hair grows, its colour
    is not judged. `known` are the skin's tone, linear RGB, and how far hair covers each texel.
    """
    tone, hairy = known
    above = torch.zeros_like(model.region("face"))
    for name in HEAD_REGIONS:
        above |= model.region(name)
    below = 1 - texels.mask(above).clamp(0, 1)
    below = torch.maximum(below, texels.mask(model.region("ears")).clamp(0, 1))
    color = (view.colors.clamp_min(1e-3) / tone.clamp_min(1e-3)).log()
    brightness = color.mean(-1)
    chroma = (color - brightness[:, None]).norm(dim=-1)
    like_skin = torch.exp(-0.5 * ((brightness / 0.5) ** 2 + (chroma / 0.2) ** 2))
    pale = ((brightness + 0.25) * 4).clamp(0, 1) * ((chroma - 0.3) * 5).clamp(0, 1)
    trust = torch.lerp(1 - pale * (1 - hairy.clamp(0, 1)), like_skin, below)
    trust = trust * (1 - _mouths_inside(view, texels.mask(model.region("lips")), brightness))
    return replace(view, weights=view.weights * _eroded(trust, view.weights, texels))


def _mouths_inside(
    view: PhotoTexels, lips: Float[Tensor, " texels"], brightness: Float[Tensor, " texels"]
) -> Float[Tensor, " texels"]:
    """Return 1 where a photo shows the dark of an open mouth on the lips."""
    seen = (lips > 0.5) & (view.weights > 0.2)
    if not bool(seen.any()):
        return torch.zeros_like(lips)
    usual = brightness[seen].median()
    return ((usual - DARKER - brightness) * 4).clamp(0, 1) * lips.clamp(0, 1)


def _eroded(
    trust: Float[Tensor, " texels"], weights: Float[Tensor, " texels"], texels: Texels
) -> Float[Tensor, " texels"]:
    """Return the least trust within `KEEP_AWAY` of each texel that the photo shows."""
    doubt = texels.image(((1 - trust) * (weights > 0))[:, None])[None, ..., 0]
    radius = max(1, round(KEEP_AWAY * texels.size))
    spread = functional.max_pool2d(doubt, (1, 2 * radius + 1), 1, (0, radius))
    spread = functional.max_pool2d(spread, (2 * radius + 1, 1), 1, (radius, 0))
    return torch.minimum(trust, 1 - spread.reshape(-1)[texels.index])
