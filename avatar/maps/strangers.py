"""What a photo shows on the head without being the person: clothes, teeth, a neighbour's hair."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.core.harmonic_fill import harmonic_fill
from avatar.fit.hair_cover import usual_hair
from avatar.head.model import HeadModel
from avatar.maps.fill import vertex_averages
from avatar.maps.texels import Texels
from avatar.maps.unwrap import PhotoTexels

HEAD_REGIONS = ("face", "face_wide", "scalp", "ears", "eye_sockets", "mouth_interior")
"""Regions that no clothes cover."""

DARKER = 0.5
"""How much darker than the lips (natural log) something on them is not their own."""

BRIGHTER = 0.35
"""How much brighter than the skin's tone (natural log) skin may be; beyond, light shines on it."""

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
    brows, beards and shadows are dark and stay, except on lips and lids. Where hair grows, its
    colour is not judged. `known` are the skin's tone, linear RGB, and how far hair covers each
    texel.
    """
    # Two texels in three are not seen: only the others cost memory and time.
    shown = torch.nonzero(view.weights)[:, 0]
    some, weights = texels.subset(shown), view.weights[shown]
    tone, hairy = known[0], known[1][shown]
    above = torch.zeros_like(model.region("face"))
    for name in HEAD_REGIONS:
        above |= model.region(name)
    names = ("ears", "lips", "eyelids", "scalp")
    ears, lips, lids, scalp = (model.region(name) for name in names)
    masks = torch.stack([above, ears, lips, lids, scalp], -1).float()
    on_head, ears, lips, lids, scalp = some.interpolate(masks).clamp(0, 1).unbind(-1)
    below = torch.maximum(1 - on_head, ears)
    color = (view.colors[shown].clamp_min(1e-3) / tone.clamp_min(1e-3)).log()
    brightness = color.mean(-1)
    chroma = (color - brightness[:, None]).norm(dim=-1)
    like_skin = torch.exp(-0.5 * ((brightness / 0.5) ** 2 + (chroma / 0.2) ** 2))
    pale = ((brightness + 0.25) * 4).clamp(0, 1) * ((chroma - 0.3) * 5).clamp(0, 1)
    trust = torch.lerp(1 - pale * (1 - torch.maximum(hairy, scalp)).clamp(0, 1), like_skin, below)
    for place in (lips, lids):
        trust = trust * (1 - _too_dark(weights, place, brightness))
    # A hairline a little off would leave hair on the skin.
    plain_skin = torch.exp(-0.5 * ((brightness / 0.3) ** 2 + (chroma / 0.13) ** 2))
    trust = trust * torch.lerp(torch.ones_like(trust), plain_skin, _may_grow(model, some, hairy))
    bare = (1 - torch.maximum(hairy, lips)).clamp(0, 1)
    shining = bare * _shining(weights, some, model, brightness)
    trusted = torch.zeros_like(view.weights)
    trusted[shown] = weights * _eroded(trust, some) * (1 - shining)
    return replace(view, weights=trusted)


def _may_grow(
    model: HeadModel, texels: Texels, hairy: Float[Tensor, " texels"]
) -> Float[Tensor, " texels"]:
    """Return 1 on bare skin where other people have hair."""
    usual = texels.mask((usual_hair(model) > 0) & ~model.region("brows"))
    return usual.clamp(0, 1) * ((0.5 - hairy) * 4).clamp(0, 1)


def _shining(
    weights: Float[Tensor, " texels"],
    texels: Texels,
    model: HeadModel,
    brightness: Float[Tensor, " texels"],
) -> Float[Tensor, " texels"]:
    """Return 1 in rims of light from behind and in mirrored lamps, found at the mesh's fineness."""
    count = len(model.template)
    average, weight = vertex_averages(texels, brightness[:, None], weights)
    average = functional.pad(average, (0, 0, 0, count - len(average)))
    weight = functional.pad(weight, (0, count - len(weight)))
    trust = 0.5 * (weight > 0).float() + 1e-3
    smooth = harmonic_fill(average, trust, model.part("skin").faces, smoothness=1.0)
    return ((texels.interpolate(smooth)[:, 0] - BRIGHTER) * 4).clamp(0, 1)


def _too_dark(
    weights: Float[Tensor, " texels"],
    place: Float[Tensor, " texels"],
    brightness: Float[Tensor, " texels"],
) -> Float[Tensor, " texels"]:
    """Return 1 where a photo shows the dark of an open mouth on the lips, or lashes on the lids."""
    seen = (place > 0.5) & (weights > 0.2)
    if not bool(seen.any()):
        return torch.zeros_like(place)
    usual = brightness[seen].median()
    return ((usual - DARKER - brightness) * 4).clamp(0, 1) * place


def _eroded(trust: Float[Tensor, " texels"], texels: Texels) -> Float[Tensor, " texels"]:
    """Return the least trust within `KEEP_AWAY` of each texel, smoothed; `texels` are all shown."""
    doubt = texels.image(1 - trust[:, None])[None, ..., 0]
    # At half the resolution: twice as near is near enough, in a quarter of the time.
    doubt = functional.max_pool2d(doubt, 2, ceil_mode=True)
    radius = max(1, round(KEEP_AWAY * texels.size / 2))
    spread = functional.max_pool2d(doubt, (1, 2 * radius + 1), 1, (0, radius))
    spread = functional.max_pool2d(spread, (2 * radius + 1, 1), 1, (radius, 0))
    # What is filled in must not end at an edge.
    for _ in range(2):
        spread = functional.avg_pool2d(spread, (1, 2 * radius + 1), 1, (0, radius))
        spread = functional.avg_pool2d(spread, (2 * radius + 1, 1), 1, (radius, 0))
    spread = spread[0]
    row, column = texels.index // texels.size // 2, texels.index % texels.size // 2
    return 1 - spread[row, column]
