"""The albedo of a whole head from the part of it that photos show."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from avatar.core.harmonic_fill import harmonic_fill
from avatar.head.model import HeadModel
from avatar.maps.blend import tame_highlights
from avatar.maps.fill import mirror_texels, vertex_averages
from avatar.maps.strands import strand_pattern
from avatar.maps.texels import Texels

MOUTH_INTERIOR = (0.25, 0.07, 0.06)
"""Linear RGB of the skin inside the mouth, where no photo can be trusted."""

MIRROR_TRUST = 0.6
"""Confidence of a mirrored texel, as a share of the confidence of its source."""

STRAND_CONTRAST = 0.16
"""Standard deviation of hair's brightness from strand to strand, as a share of its mean."""

LASH_SHADE = 0.6
"""How much darker the skin is where the upper lashes grow."""

LIP_VERTICES = 20
"""How many vertices of the lips photos must show to tell their colour."""

HAIR_SHINE = 1.5
"""Broad differences that make hair lighter than this times its usual albedo are light."""

CROP_CONTRAST = 0.3
"""The same for cropped hair, whose grains are brighter and darker than combed strands."""

BROAD = 25.0
"""Smoothness of what counts as broad: differences over several centimetres."""

FACE_EVENNESS, EVENNESS = 0.4, 0.85
"""Share of broad differences that is taken for light left over, in the face and outside it."""

CREASE_SHARE = 0.5
"""Share of a smile's creases that is taken for shade, at a full smile."""

SHINE_SHARE = 0.5
"""Share of what is narrowly brighter than its surroundings that is taken for shine."""

OWN_COLOR = ("lips", "eyelids", "brows", "mouth_interior", "eye_sockets")
"""Regions whose colour is not the skin's."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of the head as a whole.

    `tone` and `hair` are linear RGB; `amount` is how far hair covers each vertex, `shortness` 1 for
    cropped hair and 0 for hair that lies, `smile` how broadly the photos smile, all in [0, 1].
    """

    tone: Float[Tensor, "3"]
    hair: Float[Tensor, "3"]
    amount: Float[Tensor, " verts"]
    shortness: float
    smile: float


def complete_albedo(
    model: HeadModel,
    texels: Texels,
    seen: tuple[Float[Tensor, "texels 3"], Float[Tensor, " texels"]],
    known: Known,
) -> tuple[Float[Tensor, "texels 3"], Float[Tensor, " texels"]]:
    """Return the albedo of every texel and the confidence that photos showed it.

    `seen` are what the photos show and their confidence. The base is solved on the mesh graph, so
    it crosses texture seams without a trace; detail is what the photos add to it, faded by
    confidence and borrowed from the mirrored side where there is none.
    """
    albedo, confidence = seen
    base, broad = _bases(model, texels, albedo, confidence, known)
    # All that is known at the vertices at once: every pass over millions of texels counts.
    fields = (base, _light_left(model, base, broad, known), known.amount[:, None])
    masks = (_lash_roots(model), model.region("mouth_interior").float()[:, None])
    base_texels, light, hairy, lashes, inside = texels.interpolate(
        torch.cat([*fields, *masks], -1)
    ).split([3, 3, 1, 1, 1], -1)
    hairy, inside = hairy[:, 0].clamp(0, 1), inside.clamp(0, 1)
    detail = (tame_highlights(albedo, base_texels) - base_texels) * confidence[:, None]
    wanted = confidence < 0.6
    source = mirror_texels(texels, model.template, wanted)
    borrowed = (1 - confidence[wanted] / 0.6).clamp(0, 1) * confidence[source] * MIRROR_TRUST
    detail[wanted] += detail[source] * borrowed[:, None]
    detail += (
        _strands(texels, model, base_texels, hairy, known.shortness) * (1 - confidence)[:, None]
    )
    finished = (base_texels + detail) / light * (1 - LASH_SHADE * lashes)
    finished = torch.lerp(finished, finished.new_tensor(MOUTH_INTERIOR), inside)
    return finished, confidence * (1 - inside[:, 0])


def _bases(
    model: HeadModel,
    texels: Texels,
    albedo: Float[Tensor, "texels 3"],
    confidence: Float[Tensor, " texels"],
    known: Known,
) -> tuple[Float[Tensor, "verts 3"], Float[Tensor, "verts 3"]]:
    """Return the albedo as smooth as the mesh, and that of the bare skin in broad strokes."""
    faces = model.part("skin").faces
    count = len(model.template)
    average, weight = _padded(*vertex_averages(texels, albedo, confidence), count)
    average = _without_blaze(average, known)
    prior = torch.lerp(known.tone, known.hair, known.amount[:, None])
    trust = (weight / weight[weight > 0].median().clamp_min(1e-9)).clamp(0, 1) * 0.98
    lips = model.region("lips")
    shown = lips & (trust > 0.5)
    if int(shown.sum()) > LIP_VERTICES:
        prior[lips] = average[shown].median(0).values
    values = torch.lerp(prior, average, trust[:, None])
    belief = torch.where(known.amount > 0.5, 0.03, 0.01)
    belief = torch.where(lips, 0.1, belief)
    base = harmonic_fill(values, torch.maximum(trust, belief), faces, smoothness=0.15)
    bare = _bare_skin(model, known) * trust
    return base, harmonic_fill(average, bare + 1e-3 * trust, faces, smoothness=BROAD)


def _without_blaze(average: Float[Tensor, "verts 3"], known: Known) -> Float[Tensor, "verts 3"]:
    """Dim hair that shines through from behind: no hair is much lighter than the rest."""
    limit = HAIR_SHINE * known.hair.mean()
    brightness = average.mean(-1, keepdim=True).clamp_min(1e-6)
    dimmed = average * (limit / brightness).clamp_max(1)
    return torch.lerp(average, dimmed, known.amount[:, None])


def _bare_skin(model: HeadModel, known: Known) -> Float[Tensor, " verts"]:
    return (1 - known.amount) * ~_of_other_color(model)


def _of_other_color(model: HeadModel) -> Bool[Tensor, " verts"]:
    mask = torch.zeros(len(model.template), dtype=torch.bool)
    for region in model.regions:
        if region.name in OWN_COLOR:
            mask |= region.vertices
    return mask


def _light_left(
    model: HeadModel,
    base: Float[Tensor, "verts 3"],
    broad: Float[Tensor, "verts 3"],
    known: Known,
) -> Float[Tensor, "verts 3"]:
    """Return the factor by which light that nine harmonics cannot tell is still in the albedo.

    Shadows under the chin and along the jaw are broad; the creases of a smile are dark and narrow,
    and none of the neutral face; narrow bright spots mostly shine. What differs broadly within the
    face may well be the person's.
    """
    even = torch.where(model.region("face"), FACE_EVENNESS, EVENNESS)[:, None]
    shade = (broad.clamp_min(1e-3) / known.tone.clamp_min(1e-3)).log().clamp(-0.9, 0.9)
    crease = (base.clamp_min(1e-3) / broad.clamp_min(1e-3)).log().mean(-1, keepdim=True)
    cheeks = (model.region("face_wide") & ~model.region("forehead"))[:, None]
    deep = crease.clamp(-0.9, 0) * cheeks * (CREASE_SHARE * known.smile)
    deep = deep + SHINE_SHARE * crease.clamp(0, 0.9)
    # Lips and lids share the light of the skin around them, not its evenness.
    log_light = (even * shade + deep * _bare_skin(model, known)[:, None]) * (
        1 - known.amount[:, None]
    )
    faces = model.part("skin").faces
    return harmonic_fill(log_light, torch.full_like(known.amount, 0.5), faces, smoothness=0.5).exp()


def _lash_roots(model: HeadModel) -> Float[Tensor, "verts 1"]:
    """Return 1 on the edges of the upper lids, whose lashes grow so densely that they look dark."""
    roots = torch.zeros(len(model.template), 1)
    for region in model.regions:
        if region.name.startswith("lid_edge"):
            height = model.template[region.vertices, 1]
            roots[region.vertices, 0] = (height > height.mean()).float()
    return roots


def _strands(
    texels: Texels,
    model: HeadModel,
    base: Float[Tensor, "texels 3"],
    hairy: Float[Tensor, " texels"],
    shortness: float,
) -> Float[Tensor, "texels 3"]:
    """Return the detail of hair where it covers the skin: combed strands, or a short crop."""
    generator = torch.Generator().manual_seed(0)
    pattern = torch.zeros(len(base))
    covered = torch.nonzero(hairy)[:, 0]
    points = texels.subset(covered).interpolate(model.template)
    crop = _crop_pattern(texels, generator)[covered]
    strands = strand_pattern(points, generator)
    pattern[covered] = torch.lerp(STRAND_CONTRAST * strands, CROP_CONTRAST * crop, shortness)
    return base * (pattern * hairy)[:, None]


def _crop_pattern(texels: Texels, generator: torch.Generator) -> Float[Tensor, " texels"]:
    """Return the brightness, about zero, of hair too short to lie down: grains, coarse and fine."""
    total = torch.zeros(texels.size, texels.size)
    for grain in (2, 5):
        cells = max(2, texels.size // grain)
        noise = torch.randn(1, 1, cells, cells, generator=generator)
        total += functional.interpolate(noise, total.shape, mode="bilinear")[0, 0]
    return (total / 2**0.5).clamp(-2, 2).reshape(-1)[texels.index]


def _padded(
    average: Float[Tensor, "used channels"], weight: Float[Tensor, " used"], count: int
) -> tuple[Float[Tensor, "verts channels"], Float[Tensor, " verts"]]:
    missing = count - len(weight)
    return functional.pad(average, (0, 0, 0, missing)), functional.pad(weight, (0, missing))
