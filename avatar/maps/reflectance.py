"""All maps of the skin from photos: albedo, gloss, occlusion, displacement and normals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.material import LUMINANCE
from avatar.core.mesh import vertex_normals
from avatar.fit.hair import HairCover
from avatar.fit.hair_cover import find_hair
from avatar.fit.head_fit import HeadFit
from avatar.fit.visible import occluders
from avatar.head.model import HeadModel
from avatar.maps.delight import delight
from avatar.maps.evenness import broad_light
from avatar.maps.fill import vertex_averages
from avatar.maps.gloss import GlossEvidence, coarse_image
from avatar.maps.grain import skin_grain
from avatar.maps.lit_view import LitView, light_photos, plain_skin
from avatar.maps.relief import dark_is_deep, halved, normals_of, texel_metres
from avatar.maps.shading_evidence import Relief, ReliefEvidence, Shading
from avatar.maps.skin import SkinMaps, bake_skin, silent, smoothly_unlit, unwrap_photo
from avatar.maps.texels import Texels
from avatar.maps.transfer import light_transfer
from avatar.maps.unwrap import PhotoTexels
from avatar.render.openness import smoothed
from avatar.render.tangents import tangents

PORES = 1.4e-5
"""Standard deviation (metres) of the pores drawn where no photo resolves them."""

PAINTED = ("brows", "lips", "mouth_interior", "eye_sockets")
"""Regions whose brightness says little of their shape."""

HAIRY = 0.5
"""How far hair covers what is taken for hair."""

TEXELS_AT_ONCE = 1 << 20
"""How many texels are worked on at a time, which bounds the memory."""

AROUND = 6
"""Edges of the mesh over which what is painted is kept away from."""


@dataclass(frozen=True, kw_only=True)
class ReflectanceMaps:
    """The skin's maps in UV space beside the `skin` itself (albedo, normals, confidence).

    `displacement` is metres outwards along the mesh's normal, half the albedo's size, and
    `skin.normals` derive from it; `occlusion` the share of the sky not hidden; `specular` scales
    the reflection of skin (index 1.4). The confidences tell what photos showed, in [0, 1].
    """

    skin: SkinMaps
    specular: Float[Tensor, "coarse coarse"]
    occlusion: Float[Tensor, "coarse coarse"]
    displacement: Float[Tensor, "half half"]
    displacement_confidence: Float[Tensor, "half half"]
    gloss_confidence: Float[Tensor, "coarse coarse"]


@torch.no_grad()
def bake_reflectance(
    fit: HeadFit,
    observations: Sequence[Observation],
    size: int = 2048,
    detail: float = 1.0,
    told: Callable[[str, float], None] | None = None,
) -> ReflectanceMaps:
    """Solve every photo's light and return the maps without it.

    Args:
        fit: the head and how each photo sees it.
        observations: the photos, in the fit's order.
        size: side of the albedo in texels; displacement and normals have half of it.
        detail: strength of the relief finer than the mesh; 1 is as seen, 0 none.
        told: called with what is being done and the share of it that is finished.
    """
    told = told or silent
    told("maps: light", 0.0)
    solved = SolvedLight(fit, observations)
    told("maps: albedo", 0.2)
    skin = bake_skin(
        fit, observations, size, lambda stage, done: told(stage, 0.2 + 0.5 * done), solved
    )
    told("maps: displacement", 0.7)
    model, texels = fit.model, solved.texels
    hair = solved.hair
    relief, height = solved.relief, _whole_relief(model, solved, skin, detail)
    texel = texel_metres(model, fit.neutral_vertices, texels)
    told("maps: gloss and occlusion", 0.85)
    gloss = solved.gloss.solve(hair)
    faces = model.part("skin").faces
    ahead = fit.neutral_vertices.new_tensor([0.0, 0.0, 1.0])
    neutral = light_transfer(fit.neutral_vertices, faces, occluders(model), ahead)
    return ReflectanceMaps(
        skin=replace(
            skin,
            normals=normals_of(height, texel),
            roughness=coarse_image(gloss.roughness, texels),
        ),
        specular=coarse_image(gloss.specular, texels),
        occlusion=coarse_image(neutral.openness, texels).clamp(0, 1),
        displacement=height,
        displacement_confidence=relief.confidence,
        gloss_confidence=coarse_image(gloss.confidence, texels).clamp(0, 1),
    )


class SolvedLight:
    """Takes out of the photos the light that was solved for each, and keeps what it told.

    Implements `avatar.maps.skin.Unlit`; afterwards `relief` and `gloss` hold the evidence.
    """

    relief: Relief
    texels: Texels
    hair: Float[Tensor, " verts"]

    def __init__(self, fit: HeadFit, observations: Sequence[Observation]) -> None:
        self.fit, self.observations = fit, observations
        self.lit = light_photos(fit, observations)
        self.gloss = GlossEvidence(fit.model)
        self._evidence: ReliefEvidence | None = None
        self._turns: Tensor | None = None

    def view(self, index: int, texels: Texels) -> PhotoTexels:
        """Return one photo's albedo and the trust in it."""
        fit, lit = self.fit, self.lit.views[index]
        view = unwrap_photo(fit, index, self.observations[index], texels)
        base, turns = self._base(lit), _turns(fit, lit)
        half = texels.size // 2
        shading = torch.zeros(4, half * half)
        # The light was solved on skin by what skin is like: of hair it says little.
        amount = (fit.hair or find_hair(fit, self.observations)).amount
        hairy = torch.nonzero(texels.interpolate(amount[:, None])[:, 0] > HAIRY)[:, 0]
        hair = smoothly_unlit(fit, index, view.colors[hairy], texels.subset(hairy))
        shown_hair = view.weights[hairy]
        # In pieces, and only what is seen: at 4k one value of every texel takes 40 MB.
        for piece in torch.nonzero(view.weights)[:, 0].split(TEXELS_AT_ONCE):
            some = texels.subset(piece)
            shown = PhotoTexels(colors=view.colors[piece], weights=view.weights[piece])
            told = delight(shown, lit, base, some)
            self.gloss.add(some, (told.gloss, told.foreseen), shown.weights)
            view.colors[piece], view.weights[piece] = told.view.colors, told.view.weights
            place = some.index // texels.size // 2 * half + some.index % texels.size // 2
            shading.index_add_(1, place, self._shading(told.view, some, turns) / 4)
        view.colors[hairy], view.weights[hairy] = hair, shown_hair
        self._add_shading(lit, shading.view(4, half, half), texels)
        return view

    def blended(
        self,
        texels: Texels,
        seen: Float[Tensor, "texels 3"],
        confidence: Float[Tensor, " texels"],
        cover: HairCover,
    ) -> Float[Tensor, "texels 3"]:
        """Return the albedo without the relief's shading and without broad light left over."""
        self.texels, self.hair = texels, cover.amount
        model = self.fit.model
        self.relief, explained = self._solved_relief()
        factor = functional.interpolate(
            explained[None, None], (texels.size, texels.size), mode="bilinear", align_corners=False
        ).view(-1)[texels.index]
        seen = seen * (-factor.clamp(-0.4, 0.4)).exp()[:, None]
        averages, weights = vertex_averages(texels, seen, confidence)
        missing = len(model.template) - len(weights)
        averages = functional.pad(averages, (0, 0, 0, missing))
        weights = functional.pad(weights, (0, missing))
        trust = (weights / weights[weights > 0].median().clamp_min(1e-9)).clamp(0, 1)
        bare = trust * plain_skin(model) * (1 - cover.amount)
        light = broad_light(model, averages, bare, self.lit.tone)
        return seen / texels.interpolate(light)

    def _base(self, lit: LitView) -> Float[Tensor, "verts 3"]:
        """Return the smooth albedo around each vertex, as far as the photo tells it."""
        found = ((lit.seen - lit.gloss).clamp_min(0) / lit.matte.clamp_min(1e-3)).clamp(0.01, 1)
        trust = lit.trust.clamp(0, 1)[:, None]
        return torch.lerp(self.lit.tone.expand_as(found), found, 0.6 * trust)

    def _shading(
        self, view: PhotoTexels, texels: Texels, turns: Float[Tensor, "verts 2"]
    ) -> Float[Tensor, "4 texels"]:
        """Return weight, and by it log brightness and how that grows per slope along u and -v."""
        mask = _shaded_skin(self.fit.model, self.fit.hair)
        weight = view.weights * texels.interpolate(mask[:, None])[:, 0]
        luminance = view.colors @ view.colors.new_tensor(LUMINANCE)
        across, up = texels.interpolate(turns).unbind(-1)
        return weight * torch.stack(
            [torch.ones_like(up), luminance.clamp_min(2e-3).log(), across, up]
        )

    def _add_shading(
        self, lit: LitView, shading: Float[Tensor, "4 half half"], texels: Texels
    ) -> None:
        if self._evidence is None:
            metres = texel_metres(self.fit.model, self.fit.neutral_vertices, texels)
            self._evidence = ReliefEvidence(metres)
            self._turns = torch.zeros(3, *metres.shape)
        share, brightness, across, up = shading
        whole = share.clamp_min(1e-6)
        self._evidence.add(
            Shading(
                brightness=brightness / whole,
                across=across / whole,
                up=up / whole,
                weight=share.clamp(0, 1),
                footprint=lit.footprint,
            )
        )
        assert self._turns is not None
        self._turns += torch.stack([across, up, share])

    def _solved_relief(self) -> tuple[Relief, Float[Tensor, "half half"]]:
        assert self._evidence is not None
        assert self._turns is not None
        relief = self._evidence.solve()
        turns = self._turns[:2] / self._turns[2].clamp_min(1e-6)
        shown = (self._turns[2] > 0.05).to(turns.dtype)
        explained = relief.shading(self._evidence.texels[0], turns[0], turns[1]) * shown
        return relief, explained


def _turns(fit: HeadFit, lit: LitView) -> Float[Tensor, "verts 2"]:
    """Return how relative brightness grows per slope along u and along falling v."""
    part, uvs = fit.model.part("skin"), fit.model.uvs
    frames = tangents(lit.vertices, part.faces, uvs, part.uv_faces)
    total = torch.zeros(len(lit.vertices), 6)
    total.index_add_(0, part.faces.reshape(-1), frames[part.uv_faces.reshape(-1)])
    normals = vertex_normals(lit.vertices, part.faces)
    found: list[Tensor] = []
    light = lit.matte @ lit.matte.new_tensor(LUMINANCE)
    floor = 0.25 * light[lit.trust > 0.3].mean() if bool((lit.trust > 0.3).any()) else 0.1
    for axis in (total[:, :3], total[:, 3:]):
        flat = axis - (axis * normals).sum(-1, keepdim=True) * normals
        direction = functional.normalize(flat, dim=-1)
        found.append((lit.pull * direction).sum(-1) / light.clamp_min(floor))
    return torch.stack(found, -1).clamp(-2, 2)


def _shaded_skin(model: HeadModel, cover: HairCover | None) -> Float[Tensor, " verts"]:
    """Return 1 where fine shading is relief: bare skin, not painted by nature or by hand."""
    # Clothes and collars lie on the neck, and no photo's light is solved from it.
    painted = (~model.region("face_wide")).float()[:, None]
    for region in model.regions:
        if region.name in PAINTED or region.name.startswith(("lid_edge", "lid_rim")):
            painted[region.vertices] = 1
    # Brows and lashes reach farther than the vertices that are named after them.
    near = smoothed(painted, model.part("skin").faces, rounds=AROUND)[:, 0]
    bare = (1 - 4 * near).clamp(0, 1)
    return bare * (1 - cover.amount if cover is not None else 1.0)


def _whole_relief(
    model: HeadModel, solved: SolvedLight, skin: SkinMaps, detail: float
) -> Float[Tensor, "half half"]:
    """Return the relief everywhere: as seen, hair and lips by paint, pores where unseen."""
    texels, relief = solved.texels, solved.relief
    drawn = dark_is_deep(model, texels, skin.albedo, solved.hair)
    own = halved(texels.image(texels.interpolate(_shaded_skin(model, solved.fit.hair)[:, None])))
    pores = skin_grain(relief.height.shape[0], torch.Generator().manual_seed(2)).height
    pores = PORES * pores * (1 - relief.finest)
    inside = halved(texels.image(texels.mask(model.region("mouth_interior"))[:, None]))
    height = torch.lerp(drawn, relief.height + pores, own.clamp(0, 1))
    return detail * height * (1 - inside.clamp(0, 1))
