"""The skin's albedo map: what the photos show, without their light, and the rest completed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.harmonic_fill import harmonic_fill
from avatar.core.harmonics import sh_basis
from avatar.fit.head_fit import HeadFit
from avatar.head.model import HeadModel
from avatar.maps.blend import blend, remove_shading, tame_highlights
from avatar.maps.fill import mirror_texels, vertex_averages
from avatar.maps.hair import hair_color
from avatar.maps.strands import strand_pattern
from avatar.maps.texels import Texels, texels_of
from avatar.maps.unwrap import PhotoTexels, PosedHead, unwrap
from avatar.render.rasterize_uv import dilate

MOUTH_INTERIOR = (0.25, 0.07, 0.06)
"""Linear RGB of the skin inside the mouth, where no photo can be trusted."""

HEAD_REGIONS = ("face", "face_wide", "scalp", "ears", "eye_sockets", "mouth_interior")
"""Regions that no clothes cover."""

MIRROR_TRUST = 0.6
"""Confidence of a mirrored texel, as a share of the confidence of its source."""


SKIN_ROUGHNESS, LIP_ROUGHNESS, HAIR_ROUGHNESS = 0.5, 0.4, 0.85
"""GGX roughness as glTF defines it; hair's shine is broken up by its strands."""

STRAND_CONTRAST = 0.16
"""Standard deviation of hair's brightness from strand to strand, as a share of its mean."""


@dataclass(frozen=True, kw_only=True)
class SkinMaps:
    """Maps of the skin in UV space: linear albedo, and the confidence that a photo showed it.

    `roughness` is coarser: skin is glossier than hair, lips are glossier than skin.
    """

    albedo: Float[Tensor, "size size 3"]
    roughness: Float[Tensor, "coarse coarse"]
    confidence: Float[Tensor, "size size"]
    skin_tone: Float[Tensor, "3"]
    hair_color: Float[Tensor, "3"]


def bake_skin(fit: HeadFit, observations: Sequence[Observation], size: int = 2048) -> SkinMaps:
    """Unwrap all photos into the skin's texture and complete what none of them shows.

    Args:
        fit: the head and how each photo sees it.
        observations: the photos, in the fit's order.
        size: side of the square maps in texels.
    """
    model = fit.model
    part = model.part("skin")
    texels = texels_of(part, model.uvs, size)
    views = [
        _delit_view(fit, index, observation, texels)
        for index, observation in enumerate(observations)
    ]
    tone = _median_color(views[0], texels.mask(model.region("face")) > 0.5)
    views = [_without_strangers(view, texels, model, tone) for view in views]
    albedo, confidence = blend(views)
    hair = hair_color(fit, observations, tone)
    albedo, confidence_full = _complete(model, texels, albedo, confidence, (tone, hair))
    return SkinMaps(
        albedo=dilate(texels.image(albedo.clamp(0, 1)), texels.index),
        roughness=_roughness(model, albedo, texels, tone),
        confidence=texels.image(confidence_full[:, None])[..., 0],
        skin_tone=tone,
        hair_color=hair,
    )


def _delit_view(fit: HeadFit, index: int, observation: Observation, texels: Texels) -> PhotoTexels:
    photo = fit.photos[index]
    part = fit.model.part("skin")
    vertices = fit.posed_vertices(index)
    occluders = [
        other.faces for other in fit.model.parts if other.material not in ("cornea", "lashes")
    ]
    head = PosedHead(vertices=vertices, skin_faces=part.faces, occluders=torch.cat(occluders))
    view = unwrap(observation.photo.pixels, observation.matte, photo.camera, head, texels)
    shading = sh_basis(view.normals) @ photo.light
    return replace(view, colors=remove_shading(view.colors, shading))


def _median_color(view: PhotoTexels, where: Tensor) -> Float[Tensor, "3"]:
    chosen = where & (view.weights > 0.4)
    if int(chosen.sum()) < 100:
        chosen = view.weights > 0.1
    if not bool(chosen.any()):
        return torch.tensor([0.45, 0.28, 0.2])
    return view.colors[chosen].median(0).values


def _without_strangers(
    view: PhotoTexels, texels: Texels, model: HeadModel, tone: Float[Tensor, "3"]
) -> PhotoTexels:
    """Distrust what is not the person's skin or hair.

    Below the head and on the ears everything unlike skin: collars, clothes, hair. On the face only
    what is bright without being skin-coloured (teeth between the lips, a collar along the jaw):
    brows, beards and shadows are dark and stay.
    """
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
    trust = torch.lerp(1 - pale, like_skin, below)
    return replace(view, weights=view.weights * trust)


def _complete(
    model: HeadModel,
    texels: Texels,
    albedo: Float[Tensor, "texels 3"],
    confidence: Float[Tensor, " texels"],
    tones: tuple[Float[Tensor, "3"], Float[Tensor, "3"]],
) -> tuple[Float[Tensor, "texels 3"], Float[Tensor, " texels"]]:
    """Fill unseen texels: a smooth base from the mesh, detail from the mirrored side.

    The base is solved on the mesh graph, so it crosses texture seams without a trace; detail is
    what the photos add to it, faded by confidence.
    """
    tone, hair = tones
    faces = model.part("skin").faces
    count = len(model.template)
    average, seen = _padded(*vertex_averages(texels, albedo, confidence), count)
    scalp = model.region("scalp")
    prior = torch.where(scalp[:, None], hair, tone)
    trust = (seen / seen[seen > 0].median().clamp_min(1e-9)).clamp(0, 1) * 0.98
    values = torch.lerp(prior, average, trust[:, None])
    belief = torch.where(scalp, 0.08, 0.01)
    base = harmonic_fill(values, torch.maximum(trust, belief), faces, smoothness=0.15)

    base_texels = texels.interpolate(base)
    albedo = tame_highlights(albedo, base_texels)
    detail = (albedo - base_texels) * confidence[:, None]
    wanted = confidence < 0.6
    source = mirror_texels(texels, model.template, wanted)
    borrowed = (1 - confidence[wanted] / 0.6).clamp(0, 1) * confidence[source] * MIRROR_TRUST
    detail[wanted] += detail[source] * borrowed[:, None]
    detail += _strands(texels, model, base_texels, tone) * (1 - confidence)[:, None]
    finished = base_texels + detail

    inside = texels.mask(model.region("mouth_interior")).clamp(0, 1)[:, None]
    finished = torch.lerp(finished, finished.new_tensor(MOUTH_INTERIOR), inside)
    return finished, confidence * (1 - inside[:, 0])


def _strands(
    texels: Texels, model: HeadModel, base: Float[Tensor, "texels 3"], tone: Float[Tensor, "3"]
) -> Float[Tensor, "texels 3"]:
    """Detail of combed hair where the base is hair and not bald skin."""
    hairy = _hairiness(texels, model, base, tone)
    generator = torch.Generator().manual_seed(0)
    pattern = torch.zeros(len(base))
    covered = torch.nonzero(hairy)[:, 0]
    points = texels.subset(covered).interpolate(model.template)
    pattern[covered] = strand_pattern(points, generator)
    return base * (STRAND_CONTRAST * pattern * hairy)[:, None]


def _hairiness(
    texels: Texels, model: HeadModel, base: Float[Tensor, "texels 3"], tone: Float[Tensor, "3"]
) -> Float[Tensor, " texels"]:
    """1 where the scalp differs from the skin's tone, 0 where it is bald and elsewhere."""
    contrast = ((tone.mean() - base.mean(-1)).abs() / tone.mean().clamp_min(1e-3)).clamp(0, 1)
    return texels.mask(model.region("scalp")).clamp(0, 1) * ((contrast - 0.15) * 4).clamp(0, 1)


def _roughness(
    model: HeadModel, albedo: Float[Tensor, "texels 3"], texels: Texels, tone: Float[Tensor, "3"]
) -> Float[Tensor, "coarse coarse"]:
    hairy = _hairiness(texels, model, albedo, tone)
    lips = texels.mask(model.region("lips")).clamp(0, 1)
    rough = SKIN_ROUGHNESS + (LIP_ROUGHNESS - SKIN_ROUGHNESS) * lips
    rough = torch.lerp(rough, torch.full_like(rough, HAIR_ROUGHNESS), hairy)
    full = dilate(texels.image(rough[:, None]), texels.index)[..., 0]
    step = max(1, texels.size // 512)
    return functional.avg_pool2d(full[None, None], step)[0, 0]


def _padded(
    average: Float[Tensor, "used channels"], weight: Float[Tensor, " used"], count: int
) -> tuple[Float[Tensor, "verts channels"], Float[Tensor, " verts"]]:
    missing = count - len(weight)
    return functional.pad(average, (0, 0, 0, missing)), functional.pad(weight, (0, missing))
