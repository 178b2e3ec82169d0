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

OWN_LIMIT, LOCK_LIMIT, STRAND_LIMIT = 0.22, 0.15, 0.35
"""How far (natural log) broad colour, locks and strands may differ from the hair's usual colour.

What photos show beyond are shadows between locks, shine, and what lies behind the hair.
"""

SHOWN_SHARE = 0.5
"""How far drawn strands give way to those a photo shows, which are rarely sharp."""

EDGE_SMOOTHNESS = 0.6
"""How broadly the cover is smoothed at the hairline: strands end over about a centimetre."""

EDGE_STRANDS, EDGE_CROP, EDGE_SEEN = 0.25, 0.4, 0.5
"""How far strands, the grains of a crop, and what photos show shift the cover where hair ends."""

EDGE_WIDTH, CROP_EDGE_WIDTH = 0.4, 0.65
"""Cover over which one strand ends; a crop thins out instead."""

CONTACT_SHADE = 0.22
"""How much darker skin is under the edge of hair that lies on it."""

BRIGHTEST = 0.42
"""Albedo that no lock exceeds; what seems brighter is light from behind."""

BLAZE = (0.5, 0.8)
"""Albedo from which what a photo shows of hair counts less, and from which not at all."""

LEAST_CONTRAST = 0.5
"""Difference between hair and skin (natural log) that lets photos tell them apart by brightness."""


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
    """Albedo of the texels named by `index` and how far it covers the `skin` under it."""

    index: Int[Tensor, " hairy"]
    albedo: Float[Tensor, "hairy 3"]
    share: Float[Tensor, "hairy 1"]
    skin: Float[Tensor, "hairy 3"]
    under: Float[Tensor, "hairy 1"]

    def over(self, seen: Float[Tensor, "hairy 3"]) -> Float[Tensor, "hairy 3"]:
        """Lay the hair over what else is known of its texels.

        Between the strands at the hairline photos show strands: skin there is its neighbours'.
        """
        return torch.lerp(torch.lerp(seen, self.skin, self.under), self.albedo, self.share)


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
    edge = _edge(model, look.amount)
    even, locks = _even(model, on_mesh, look)
    cover = texels.interpolate(edge[:, None])
    index = torch.nonzero(cover[:, 0] > 0.01)[:, 0]
    some = texels.subset(index)
    fields = [even, locks, on_mesh.base.mean(-1, keepdim=True), _skin_below(model, on_mesh, look)]
    color, lock, base, skin = some.interpolate(torch.cat(fields, -1)).split([3, 1, 1, 3], -1)
    albedo, confidence = seen[0][index], seen[1][index, None]
    strand = (albedo.mean(-1, keepdim=True).clamp_min(1e-3) / base.clamp_min(1e-3)).log()
    # Photos differ in contrast more than hair does.
    contrast = (strand.square() * confidence).sum() / confidence.sum().clamp_min(1)
    strand = strand * (STRAND_CONTRAST / contrast.sqrt().clamp_min(STRAND_CONTRAST))
    strand = _bounded(strand, STRAND_LIMIT)
    confidence = confidence * (1 - _ramp(albedo.mean(-1, keepdim=True), *BLAZE))
    strands, crop = _patterns(model, texels, some, look.shortness)
    drawn = torch.lerp(STRAND_CONTRAST * strands, CROP_CONTRAST * crop, look.shortness)
    # What a photo shows as bright as skin, where hair is, shows no strands: shade, or shine.
    like, shown = _like_hair(albedo, skin, color), confidence
    confidence = confidence * (1.2 + like).clamp(0.2, 1)
    brightness = confidence * strand + (1 - SHOWN_SHARE * confidence) * drawn
    locks = color * lock.exp()
    locks = locks * (BRIGHTEST / locks.mean(-1, keepdim=True).clamp_min(1e-6)).clamp_max(1)
    cover = cover[index]
    shift = EDGE_STRANDS * torch.tanh(strands) * (1 - look.shortness)
    shift = shift + EDGE_CROP * torch.tanh(crop) * look.shortness
    # Photos tell where hair ends, but are too blurred to show how: strands stay drawn.
    shift = shift * (1 - 0.4 * shown) + EDGE_SEEN * like * shown
    shade = CONTACT_SHADE * (1 - look.shortness) * (2 * cover).clamp(0, 1)
    return HairPaint(
        index=index,
        albedo=locks * brightness.exp(),
        share=_share(cover, shift, look.shortness),
        skin=skin * (1 - shade),
        under=torch.maximum((3 * cover).clamp(0, 1), _halo(albedo, skin, cover)),
    )


def _like_hair(
    albedo: Float[Tensor, "hairy 3"], skin: Float[Tensor, "hairy 3"], hair: Float[Tensor, "hairy 3"]
) -> Float[Tensor, "hairy 1"]:
    """Return 1 where a photo is as bright as hair, -1 where as bright as skin; 0 if both are."""
    logs = [values.mean(-1, keepdim=True).clamp_min(1e-3).log() for values in (albedo, skin, hair)]
    apart = logs[2] - logs[1]
    place = 2 * (logs[0] - logs[1]) / apart.abs().clamp_min(LEAST_CONTRAST) * apart.sign() - 1
    return place.clamp(-1, 1) * _ramp(apart.abs(), 0.5 * LEAST_CONTRAST, LEAST_CONTRAST)


def _halo(
    albedo: Float[Tensor, "hairy 3"],
    skin: Float[Tensor, "hairy 3"],
    cover: Float[Tensor, "hairy 1"],
) -> Float[Tensor, "hairy 1"]:
    """Return 1 where skin next to hair is brighter than elsewhere: hair out of focus, its glow."""
    brighter = (albedo.mean(-1, keepdim=True) / skin.mean(-1, keepdim=True).clamp_min(1e-3)).log()
    return _ramp(brighter, 0.1, 0.3) * _ramp(cover, 0.0, 0.08)


def _ramp(values: Tensor, start: float, full: float) -> Tensor:
    return ((values - start) / (full - start)).clamp(0, 1)


def _edge(model: HeadModel, amount: Float[Tensor, " verts"]) -> Float[Tensor, " verts"]:
    """Return the cover with a broad edge, for strands to end in; 0.5 stays where it was."""
    even = torch.full_like(amount, 0.5)
    faces = model.part("skin").faces
    smooth = harmonic_fill(amount[:, None], even, faces, smoothness=EDGE_SMOOTHNESS)[:, 0]
    # Ears, lids and brows touch no hairline.
    return smooth * ~(model.region("ears") & (amount == 0))


def _share(
    cover: Float[Tensor, "hairy 1"], shift: Float[Tensor, "hairy 1"], shortness: float
) -> Float[Tensor, "hairy 1"]:
    """Return how far each texel shows hair: strand by strand, or grain by grain."""
    width = EDGE_WIDTH + (CROP_EDGE_WIDTH - EDGE_WIDTH) * shortness
    # Neither in full cover nor on bare skin does one strand more or less count.
    shift = shift * (4 * cover * (1 - cover)).clamp(0, 1)
    share = ((cover + shift - 0.5) / width + 0.5).clamp(0, 1)
    return share * share * (3 - 2 * share)


def _skin_below(model: HeadModel, on_mesh: SeenOnMesh, look: HairLook) -> Float[Tensor, "verts 3"]:
    """Return the albedo of bare skin carried on under the hair."""
    bare = (1 - 4 * look.amount).clamp(0, 1) + 1e-4
    return harmonic_fill(on_mesh.base, bare, model.part("skin").faces, smoothness=0.3)


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


def _patterns(
    model: HeadModel, texels: Texels, some: Texels, shortness: float
) -> tuple[Float[Tensor, "hairy 1"], Float[Tensor, "hairy 1"]]:
    """Return the brightness, about zero, of combed strands and of a short crop."""
    generator = torch.Generator().manual_seed(0)
    crop = _crop_pattern(texels, generator)[some.index]
    strands = crop
    if shortness < 1:
        strands = strand_pattern(some.interpolate(model.template), generator)
    return strands[:, None], crop[:, None]


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
