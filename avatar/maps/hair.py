"""The albedo of hair: one even colour, the photo's strands where it shows them, drawn ones else."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from avatar.core.harmonic_fill import harmonic_fill
from avatar.head.model import HeadModel
from avatar.maps.strands import strand_pattern
from avatar.maps.texels import Texels

STRAND_CONTRAST = 0.22
"""Standard deviation of the log brightness of drawn strands."""

CROP_CONTRAST = 0.3
"""The same for cropped hair, whose grains are brighter and darker than combed strands."""

BROAD = 25.0
"""Smoothness of what counts as broad: differences over several centimetres."""

OWN_SHARE, HUE_SHARE = 0.55, 0.25
"""Share of broad differences of brightness and hue that is the hair's own; the rest is light."""

OWN_LIMIT, LOCK_LIMIT, STRAND_LIMIT = 0.3, 0.18, 0.35
"""How far (natural log) broad colour, locks and strands may differ from the hair's usual colour.

What photos show beyond are shadows between locks, shine, and what lies behind the hair.
"""

SHOWN_SHARE = 0.5
"""How far drawn strands give way to those a photo shows, which are rarely sharp."""

BARE, COVERED = 0.35, 0.75
"""Cover at which hair begins to be painted as hair, and at which it is nothing else."""


@dataclass(frozen=True, kw_only=True)
class HairLook:
    """What is known of the hair: usual linear albedo, how far it covers each vertex, its crop.

    `shortness` is 1 for cropped hair and 0 for hair that lies.
    """

    color: Float[Tensor, "3"]
    amount: Float[Tensor, " verts"]
    shortness: float


@dataclass(frozen=True, kw_only=True)
class SeenOnMesh:
    """What photos show, averaged to the vertices: linear albedo, its smooth fill, and the trust."""

    average: Float[Tensor, "verts 3"]
    base: Float[Tensor, "verts 3"]
    trust: Float[Tensor, " verts"]

    def shown(self, model: HeadModel, where: Tensor | float = 1.0) -> Float[Tensor, " verts"]:
        """Return 1 where photos show the head, or there are such places close by, falling to 0."""
        sure = self.trust * where
        belief = torch.full_like(sure, 0.1)
        known = harmonic_fill(sure[:, None], belief, model.part("skin").faces, smoothness=1.0)
        return (2.5 * known[:, 0]).clamp(0, 1)


@dataclass(frozen=True, kw_only=True)
class HairPaint:
    """Albedo of the texels named by `index` and how far it covers what lies under it."""

    index: Int[Tensor, " hairy"]
    albedo: Float[Tensor, "hairy 3"]
    share: Float[Tensor, "hairy 1"]


def paint_hair(
    model: HeadModel,
    texels: Texels,
    seen: tuple[Float[Tensor, "texels 3"], Float[Tensor, " texels"]],
    on_mesh: SeenOnMesh,
    look: HairLook,
) -> HairPaint:
    """Return the hair's albedo at the texels it covers.

    The colour is the usual one with a part of its broad changes; upon it lie locks (what the mesh
    resolves) and strands (what texels add), both by brightness alone and bounded. `seen` are the
    photos' linear albedo and the confidence in it.
    """
    painted = ((look.amount - BARE) / (COVERED - BARE)).clamp(0, 1)
    even, locks = _even(model, on_mesh, look)
    share = texels.interpolate(painted[:, None])
    index = torch.nonzero(share[:, 0] > 0)[:, 0]
    some = texels.subset(index)
    fields = torch.cat([even, locks, on_mesh.base.mean(-1, keepdim=True)], -1)
    color, lock, base = some.interpolate(fields).split([3, 1, 1], -1)
    albedo, confidence = seen[0][index], seen[1][index, None]
    strand = (albedo.mean(-1, keepdim=True).clamp_min(1e-3) / base.clamp_min(1e-3)).log()
    # Photos differ in contrast more than hair does.
    contrast = (strand.square() * confidence).sum() / confidence.sum().clamp_min(1)
    strand = strand * (STRAND_CONTRAST / contrast.sqrt().clamp_min(STRAND_CONTRAST))
    strand = _bounded(strand, STRAND_LIMIT)
    drawn = _drawn(model, texels, some, look.shortness)[:, None]
    brightness = lock + confidence * strand + (1 - SHOWN_SHARE * confidence) * drawn
    return HairPaint(index=index, albedo=color * brightness.exp(), share=share[index])


def _even(
    model: HeadModel, on_mesh: SeenOnMesh, look: HairLook
) -> tuple[Float[Tensor, "verts 3"], Float[Tensor, "verts 1"]]:
    """Return the hair's colour without its light, and the log brightness of its locks."""
    faces = model.part("skin").faces
    own = (on_mesh.average.clamp_min(1e-3) / look.color.clamp_min(1e-3)).log()
    own = own.clamp(-1.5, 1.5)
    sure = on_mesh.trust * look.amount
    # The usual colour is a mean of colours, and theirs the logarithm that counts from here on.
    own = own - (own * sure[:, None]).sum(0).mean() / sure.sum().clamp_min(1e-6)
    broad = harmonic_fill(own, sure, faces, smoothness=BROAD)
    known = on_mesh.shown(model, look.amount)[:, None]
    tint = HUE_SHARE * (broad - broad.mean(-1, keepdim=True))
    own_color = _bounded(OWN_SHARE * broad.mean(-1, keepdim=True) + tint, OWN_LIMIT)
    even = look.color * (own_color * known).exp()
    base = on_mesh.base.clamp_min(1e-3).log().mean(-1, keepdim=True)
    locks = base - harmonic_fill(base, sure, faces, smoothness=BROAD)
    return even, _bounded(locks, LOCK_LIMIT) * known


def _bounded(values: Tensor, limit: float) -> Tensor:
    return limit * torch.tanh(values / limit)


def _drawn(
    model: HeadModel, texels: Texels, some: Texels, shortness: float
) -> Float[Tensor, " hairy"]:
    """Return the log brightness of drawn hair: combed strands, or a short crop."""
    generator = torch.Generator().manual_seed(0)
    crop = CROP_CONTRAST * _crop_pattern(texels, generator)[some.index]
    if shortness == 1:
        return crop
    strands = STRAND_CONTRAST * strand_pattern(some.interpolate(model.template), generator)
    return torch.lerp(strands, crop, shortness)


def _crop_pattern(texels: Texels, generator: torch.Generator) -> Float[Tensor, " pixels"]:
    """Return the brightness, about zero, of hair too short to lie down: grains, coarse and fine.

    One number for every pixel of the texture.
    """
    total = torch.zeros(texels.size, texels.size)
    for grain in (2, 5):
        cells = max(2, texels.size // grain)
        noise = torch.randn(1, 1, cells, cells, generator=generator)
        total += functional.interpolate(noise, total.shape, mode="bilinear")[0, 0]
    return (total / 2**0.5).clamp(-2, 2).reshape(-1)
