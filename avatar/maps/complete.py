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
from avatar.maps.grain import skin_grain
from avatar.maps.hair import BROAD, HairLook, SeenOnMesh, paint_hair
from avatar.maps.lids import crease_shade, folded_lids
from avatar.maps.texels import Texels

MOUTH_INTERIOR = (0.25, 0.07, 0.06)
"""Linear RGB of the skin inside the mouth, where no photo can be trusted."""

MIRROR_TRUST = 0.6
"""Confidence of a mirrored texel, as a share of the confidence of its source."""

LASH_SHADE = 0.6
"""How much darker the skin is where the upper lashes grow."""

LIP_VERTICES = 20
"""How many vertices of the lips photos must show to tell their colour."""

HAIR_SHINE = 1.5
"""Broad differences that make hair lighter than this times its usual albedo are light."""

FACE_EVENNESS, EVENNESS = 0.4, 0.85
"""Share of broad differences that is taken for light left over, in the face and outside it."""

ONE_SIDED, ONE_SIDED_CREASE = 0.9, 0.5
"""The same for what differs between the two sides of the face: broadly, and narrowly."""

LID_BELIEF = 1e-3
"""How far lids no photo shows take the skin's usual colour and not their surroundings'."""

CREASE_SHARE = 0.7
"""Share of a smile's creases that is taken for shade, at a full smile."""

LID_SHADE_SHARE = 0.5
"""Share of what is darker on the lids than around them that is taken for shade."""

SHINE_SHARE = 0.5
"""Share of what is narrowly brighter than its surroundings that is taken for shine."""

HUE_LIMIT = 0.08
"""How far (natural log) skin's hue may differ from its tone; beyond it is coloured light."""

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
    on_mesh, broad = _on_mesh(model, texels, albedo, confidence, known)
    base = on_mesh.base
    # All that is known at the vertices at once: every pass over millions of texels counts.
    fields = (base, _light_left(model, on_mesh, broad, known))
    inside = model.region("mouth_interior").float()[:, None]
    folded = folded_lids(model)[:, None]
    masks = (_lash_roots(model), inside, _smiling(model, known), folded)
    base_texels, light, lashes, inside, smiling, folded = texels.interpolate(
        torch.cat([*fields, *masks], -1)
    ).split([3, 3, 1, 1, 1, 1], -1)
    inside = inside.clamp(0, 1)
    confidence = confidence * (1 - folded[:, 0])
    finished = (tame_highlights(albedo, base_texels) - base_texels) * confidence[:, None]
    finished -= finished.clamp_max(0) * smiling
    wanted = confidence < 0.6
    source = mirror_texels(texels, model.template, wanted)
    borrowed = (1 - confidence[wanted] / 0.6).clamp(0, 1) * confidence[source] * MIRROR_TRUST
    borrowed *= 1 - folded[wanted, 0]
    finished[wanted] += finished[source] * borrowed[:, None]
    finished += base_texels
    finished /= light
    finished *= (1 - LASH_SHADE * lashes) * crease_shade(folded)
    finished *= _grain(texels, 1 - confidence)
    look = HairLook(color=known.hair, amount=known.amount, shortness=known.shortness)
    hair = paint_hair(model, texels, seen, on_mesh, look)
    finished[hair.index] = hair.over(finished[hair.index])
    finished = torch.lerp(finished, finished.new_tensor(MOUTH_INTERIOR), inside)
    return finished, confidence * (1 - inside[:, 0])


def _grain(texels: Texels, amount: Float[Tensor, " texels"]) -> Float[Tensor, "texels 3"]:
    """Return the factor that keeps unseen skin from looking like plastic."""
    colors = skin_grain(texels.size, torch.Generator().manual_seed(1)).colors()
    return 1 + (colors.view(-1, 3)[texels.index] - 1) * amount[:, None]


def _on_mesh(
    model: HeadModel,
    texels: Texels,
    albedo: Float[Tensor, "texels 3"],
    confidence: Float[Tensor, " texels"],
    known: Known,
) -> tuple[SeenOnMesh, Float[Tensor, "verts 3"]]:
    """Return the albedo as smooth as the mesh, and that of the bare skin in broad strokes."""
    faces = model.part("skin").faces
    count = len(model.template)
    average, weight = _padded(*vertex_averages(texels, albedo, confidence), count)
    average = _without_blaze(average, known)
    prior = torch.lerp(known.tone, known.hair, _surely_hair(known)[:, None])
    trust = (weight / weight[weight > 0].median().clamp_min(1e-9)).clamp(0, 1) * 0.98
    trust = trust * (1 - folded_lids(model))
    lips = model.region("lips")
    shown = lips & (trust > 0.5)
    if int(shown.sum()) > LIP_VERTICES:
        prior[lips] = average[shown].median(0).values
    values = torch.lerp(prior, average, trust[:, None])
    belief = torch.where(known.amount > 0.5, 0.03, 0.01)
    belief = torch.where(lips, 0.1, belief)
    belief = torch.where(model.region("eyelids"), LID_BELIEF, belief)
    base = harmonic_fill(values, torch.maximum(trust, belief), faces, smoothness=0.15)
    bare = _bare_skin(model, known) * trust
    broad = harmonic_fill(average, bare + 1e-3 * trust, faces, smoothness=BROAD)
    return SeenOnMesh(average=average, base=base, trust=trust), broad


def _without_blaze(average: Float[Tensor, "verts 3"], known: Known) -> Float[Tensor, "verts 3"]:
    """Dim hair that shines through from behind: no hair is much lighter than the rest."""
    limit = HAIR_SHINE * known.hair.mean()
    brightness = average.mean(-1, keepdim=True).clamp_min(1e-6)
    dimmed = average * (limit / brightness).clamp_max(1)
    return torch.lerp(average, dimmed, known.amount[:, None])


def _surely_hair(known: Known) -> Float[Tensor, " verts"]:
    """Return 1 on hair and 0 on skin, some hair or not: strands are drawn on it by the texel."""
    return ((known.amount - 0.35) / 0.4).clamp(0, 1)


def _bare_skin(model: HeadModel, known: Known) -> Float[Tensor, " verts"]:
    return (1 - known.amount) * ~_of_other_color(model)


def _of_skin_hue(model: HeadModel) -> Bool[Tensor, " verts"]:
    """Return what has the skin's hue, if not its brightness: the lids too."""
    return ~_of_other_color(model) | model.region("eyelids") & ~model.region("brows")


def _of_other_color(model: HeadModel) -> Bool[Tensor, " verts"]:
    mask = torch.zeros(len(model.template), dtype=torch.bool)
    for region in model.regions:
        if region.name in OWN_COLOR:
            mask |= region.vertices
    return mask


def _light_left(
    model: HeadModel,
    on_mesh: SeenOnMesh,
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
    crease = (on_mesh.base.clamp_min(1e-3) / broad.clamp_min(1e-3)).log().mean(-1, keepdim=True)
    deep = crease.clamp(-0.9, 0) * _smiling(model, known)
    deep = deep + SHINE_SHARE * crease.clamp(0, 0.9)
    # The fold over an open eye is dark, and lies across the lid when it shuts.
    lids = model.region("eyelids")[:, None] * LID_SHADE_SHARE * crease.clamp(-0.9, 0)
    if model.mirror is not None:
        # Two sides of a face differ in their light more than in their skin.
        odd = (shade - shade[model.mirror]) / 2
        shade = shade + (ONE_SIDED / even - 1).clamp_min(0) * odd
        odd = (crease - crease[model.mirror]) / 2
        deep = deep + ONE_SIDED_CREASE * odd.clamp(-0.5, 0.5)
    hue = (on_mesh.base.clamp_min(1e-3) / known.tone.clamp_min(1e-3)).log()
    hue = (hue - hue.mean(-1, keepdim=True)) * _of_skin_hue(model)[:, None]
    deep = deep * _bare_skin(model, known)[:, None]
    deep = deep + hue - HUE_LIMIT * torch.tanh(hue / HUE_LIMIT)
    # Lips and lids share the light of the skin around them, not its evenness.
    log_light = even * shade + deep + lids
    # What no photo shows has no light in it.
    log_light = log_light * (1 - _surely_hair(known))[:, None] * on_mesh.shown(model)[:, None]
    faces = model.part("skin").faces
    return harmonic_fill(log_light, torch.full_like(known.amount, 0.5), faces, smoothness=0.5).exp()


def _smiling(model: HeadModel, known: Known) -> Float[Tensor, "verts 1"]:
    """Return the share of what is narrowly dark that is a smile's, and none of the neutral face."""
    cheeks = model.region("face_wide") & ~(model.region("forehead") | _of_other_color(model))
    return cheeks.float()[:, None] * (CREASE_SHARE * known.smile)


def _lash_roots(model: HeadModel) -> Float[Tensor, "verts 1"]:
    """Return 1 on the edges of the upper lids, whose lashes grow so densely that they look dark."""
    roots = torch.zeros(len(model.template), 1)
    for region in model.regions:
        if region.name.startswith("lid_edge"):
            height = model.template[region.vertices, 1]
            roots[region.vertices, 0] = (height > height.mean()).float()
    return roots


def _padded(
    average: Float[Tensor, "used channels"], weight: Float[Tensor, " used"], count: int
) -> tuple[Float[Tensor, "verts channels"], Float[Tensor, " verts"]]:
    missing = count - len(weight)
    return functional.pad(average, (0, 0, 0, missing)), functional.pad(weight, (0, missing))
