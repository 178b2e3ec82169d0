"""The skin's albedo map: what the photos show, without their light, and the rest completed."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.arkit import ARKIT_INDEX
from avatar.core.harmonics import irradiance
from avatar.core.mesh import vertex_normals
from avatar.fit.hair import HairCover
from avatar.fit.hair_cover import find_hair
from avatar.fit.head_fit import HeadFit
from avatar.head.model import HeadModel
from avatar.maps.blend import blend, remove_shading
from avatar.maps.complete import Known, complete_albedo
from avatar.maps.relief import bake_relief
from avatar.maps.strangers import without_strangers
from avatar.maps.texels import Texels, texels_of
from avatar.maps.unwrap import PhotoTexels, PosedHead, unwrap
from avatar.render.rasterize_uv import dilate

MIN_HAIR_SHARE = 0.002
"""Share of the texels that must show hair for its colour to be taken from them."""

MOST_HAIR_ALBEDO = 0.38
"""White hair's albedo, about: between its strands it is dark; what seems lighter shines."""

LEAST_GREEN, LEAST_BLUE = 0.36, 0.4
"""Of red hair's green as a share of its red, and of any hair's blue as a share of its green."""

CROPPED_HAIR, LYING_HAIR = 0.009, 0.014
"""Thickness of hair up to which it is cropped, and from which on it lies, metres."""

BLACKEST = 0.012
"""Albedo of the blackest hair; what photos show darker lies in shadow or was never exposed."""

SMILES = (ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["mouthSmileRight"])
"""Coefficients that tell how far a photo's creases are those of a smile."""

SKIN_ROUGHNESS, LIP_ROUGHNESS, HAIR_ROUGHNESS = 0.5, 0.4, 0.85
"""GGX roughness as glTF defines it; hair's shine is broken up by its strands."""

DEFAULT_TONE = (0.45, 0.28, 0.2)
"""Linear RGB of skin where no photo shows any."""


@dataclass(frozen=True, kw_only=True)
class SkinMaps:
    """Maps of the skin in UV space: linear albedo, and the confidence that a photo showed it.

    `roughness` is coarser: skin is glossier than hair, lips are glossier than skin; `normals` is
    the tangent-space normal map, as glTF encodes it, of half the size.
    """

    albedo: Float[Tensor, "size size 3"]
    roughness: Float[Tensor, "coarse coarse"]
    normals: Float[Tensor, "half half 3"]
    confidence: Float[Tensor, "size size"]
    skin_tone: Float[Tensor, "3"]
    hair_color: Float[Tensor, "3"]


@runtime_checkable
class Unlit(Protocol):
    """What takes the light out of the photos."""

    def view(self, index: int, texels: Texels) -> PhotoTexels:
        """Return one photo's albedo and the trust in it."""
        ...

    def blended(
        self,
        texels: Texels,
        seen: Float[Tensor, "texels 3"],
        confidence: Float[Tensor, " texels"],
        cover: HairCover,
    ) -> Float[Tensor, "texels 3"]:
        """Return the albedo all photos agree on, rid of what light they left in it."""
        ...


def bake_skin(
    fit: HeadFit,
    observations: Sequence[Observation],
    size: int = 2048,
    told: Callable[[str, float], None] | None = None,
    unlit: Unlit | None = None,
) -> SkinMaps:
    """Unwrap all photos into the skin's texture and complete what none of them shows.

    Args:
        fit: the head and how each photo sees it.
        observations: the photos, in the fit's order.
        size: side of the square maps in texels.
        told: called with what is being done and the share of it that is finished.
        unlit: what takes the light out of the photos; without it, the fit's smooth light does.
    """
    told = told or silent
    unlit = unlit or SmoothLight(fit, observations)
    told("texture: laying out", 0.0)
    model = fit.model
    texels = texels_of(model.part("skin"), model.uvs, size)
    cover = fit.hair or find_hair(fit, observations)
    hairy = texels.interpolate(cover.amount[:, None])[:, 0]
    first = unlit.view(0, texels)
    tone = _median_color(first, texels.mask(model.region("face")) > 0.5)

    def views() -> Generator[PhotoTexels, None, None]:
        """Yield one photo's texels after the other: all at once would take a lot of memory."""
        for index, observation in enumerate(observations):
            told(f"texture: {observation.photo.name}", 0.6 * index / len(observations))
            view = unlit.view(index, texels) if index else first
            yield without_strangers(view, texels, model, (tone, hairy))

    seen, confidence = blend(views())
    seen = unlit.blended(texels, seen, confidence, cover)
    told("texture: completing", 0.6)
    hair = _hair_color(seen, confidence, hairy, cover)
    smile = max(float(photo.expression[list(SMILES)].mean()) for photo in fit.photos)
    known = Known(
        tone=tone,
        hair=hair,
        amount=cover.amount,
        shortness=_shortness(fit, cover),
        smile=min(1.0, smile),
    )
    albedo, confidence = complete_albedo(model, texels, (seen, confidence), known)
    image = dilate(texels.image(albedo.clamp_(BLACKEST, 1)), texels.index)
    told("texture: relief", 0.9)
    return SkinMaps(
        albedo=image,
        roughness=_roughness(model, hairy, texels),
        normals=bake_relief(model, fit.neutral_vertices, texels, image, cover.amount),
        confidence=texels.image(confidence[:, None])[..., 0],
        skin_tone=tone,
        hair_color=hair,
    )


def _shortness(fit: HeadFit, cover: HairCover) -> float:
    """Return 1 where hair stands as close as a crop's, 0 where it is long enough to lie."""
    hairy = cover.amount > 0.5
    if not bool(hairy.any()):
        return 1.0
    thickness = float(fit.offsets[hairy].norm(dim=-1).median())
    return min(1.0, max(0.0, (LYING_HAIR - thickness) / (LYING_HAIR - CROPPED_HAIR)))


def _hair_color(
    seen: Float[Tensor, "texels 3"],
    confidence: Float[Tensor, " texels"],
    hairy: Float[Tensor, " texels"],
    cover: HairCover,
) -> Float[Tensor, "3"]:
    """Return the albedo of the hair on the head if enough of it is seen, else of what frames it."""
    chosen = (hairy > 0.97) & (confidence > 0.4)
    if int(chosen.sum()) < MIN_HAIR_SHARE * len(hairy):
        return cover.color
    colors = seen[chosen]
    # Neither the deepest gaps between the strands nor their brightest shine.
    limits = colors.mean(-1)[:: 1 + len(colors) // 100_000].quantile(torch.tensor([0.35, 0.97]))
    usual = (colors.mean(-1) >= limits[0]) & (colors.mean(-1) <= limits[1])
    color = colors[usual].mean(0).clamp_min(0.004)
    # No hair is blue or green: grey hair seems so in a light that makes skin look red.
    color = color.cummin(0).values
    red, green = color[0].item(), color[1].item()
    color = torch.maximum(color, color.new_tensor([0.0, LEAST_GREEN * red, LEAST_BLUE * green]))
    return color * (MOST_HAIR_ALBEDO / color.mean()).clamp_max(1)


def smoothly_unlit(
    fit: HeadFit, index: int, colors: Float[Tensor, "texels 3"], texels: Texels
) -> Float[Tensor, "texels 3"]:
    """Return one photo's colours without the fit's smooth light."""
    normals = vertex_normals(fit.posed_vertices(index), fit.model.part("skin").faces)
    shading = irradiance(fit.photos[index].light, normals)
    return remove_shading(colors, texels.interpolate(shading))


class SmoothLight:
    """The fit's light: nine harmonics without shadows, which is quick and leaves some light in."""

    def __init__(self, fit: HeadFit, observations: Sequence[Observation]) -> None:
        self.fit, self.observations = fit, observations

    def view(self, index: int, texels: Texels) -> PhotoTexels:
        """Return one photo's albedo and the trust in it."""
        view = unwrap_photo(self.fit, index, self.observations[index], texels)
        return replace(view, colors=smoothly_unlit(self.fit, index, view.colors, texels))

    def blended(
        self,
        texels: Texels,
        seen: Float[Tensor, "texels 3"],
        confidence: Float[Tensor, " texels"],
        cover: HairCover,
    ) -> Float[Tensor, "texels 3"]:
        """Return what is seen: completing the texture evens it."""
        del texels, confidence, cover
        return seen


def unwrap_photo(fit: HeadFit, index: int, observation: Observation, texels: Texels) -> PhotoTexels:
    """Return what a photo shows of the skin, light and all."""
    part = fit.model.part("skin")
    occluders = [
        other.faces for other in fit.model.parts if other.material not in ("cornea", "lashes")
    ]
    head = PosedHead(
        vertices=fit.posed_vertices(index), skin_faces=part.faces, occluders=torch.cat(occluders)
    )
    camera = fit.photos[index].camera
    return unwrap(observation.photo.pixels, observation.matte, camera, head, texels)


def _median_color(view: PhotoTexels, where: Tensor) -> Float[Tensor, "3"]:
    chosen = where & (view.weights > 0.4)
    if int(chosen.sum()) < 100:
        chosen = view.weights > 0.1
    if not bool(chosen.any()):
        return torch.tensor(DEFAULT_TONE)
    return view.colors[chosen].median(0).values


def _roughness(
    model: HeadModel, hairy: Float[Tensor, " texels"], texels: Texels
) -> Float[Tensor, "coarse coarse"]:
    lips = texels.mask(model.region("lips")).clamp(0, 1)
    rough = SKIN_ROUGHNESS + (LIP_ROUGHNESS - SKIN_ROUGHNESS) * lips
    rough = torch.lerp(rough, torch.full_like(rough, HAIR_ROUGHNESS), hairy.clamp(0, 1))
    full = dilate(texels.image(rough[:, None]), texels.index)[..., 0]
    step = max(1, texels.size // 512)
    return functional.avg_pool2d(full[None, None], step)[0, 0]


def silent(stage: str, done: float) -> None:
    """Report nothing."""
    del stage, done
