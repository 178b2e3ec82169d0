"""Roughness and specular maps: what skin's regions are like, and what highlights say of them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.core.harmonic_fill import harmonic_fill
from avatar.head.model import HeadModel
from avatar.maps.fill import vertex_averages
from avatar.maps.texels import Texels

REGION_ROUGHNESS = {
    "neck": 0.52,
    "cheeks": 0.46,
    "chin": 0.42,
    "forehead": 0.40,
    "nose": 0.36,
    "ears": 0.50,
    "eyelids": 0.42,
    "lips": 0.33,
    "mouth_interior": 0.22,
}
"""GGX roughness by region (after Weyrich et al. 2006); elsewhere `USUAL`."""

USUAL, HAIR = 0.46, 0.85
"""Roughness of other skin, and of hair, whose strands break up its shine."""

REGION_SPECULAR = {"lips": 1.1, "nose": 1.1, "forehead": 1.05, "neck": 0.8, "ears": 0.8}
"""Strength of the reflection against that of the usual skin; oil fills pores, and shines."""

HAIR_SPECULAR = 0.6
EVIDENCE = 1.0
"""Gloss foreseen, as a share of what is seen, from which on a highlight tells of the surface."""

SPREAD = 4.0
"""Smoothness of what highlights say: over about a centimetre."""

SHARPER = 0.12
"""How much smoother a surface is whose highlights are e times as marked as foreseen."""


@dataclass(frozen=True, kw_only=True)
class GlossMaps:
    """Per vertex: GGX roughness, strength of the reflection about 1, and what highlights said."""

    roughness: Float[Tensor, " verts"]
    specular: Float[Tensor, " verts"]
    confidence: Float[Tensor, " verts"]


class GlossEvidence:
    """Sums what photos' highlights say at the vertices."""

    def __init__(self, model: HeadModel) -> None:
        self.model = model
        self.sums = torch.zeros(len(model.template), 4)

    def add(
        self,
        texels: Texels,
        found: tuple[Float[Tensor, " texels"], Float[Tensor, " texels"]],
        weights: Float[Tensor, " texels"],
    ) -> None:
        """Add a photo's gloss as told from the matte part, and as foreseen."""
        told, foreseen = found
        values = torch.stack([told, foreseen, foreseen.square(), told * foreseen], -1)
        averages, total = vertex_averages(texels, values, weights)
        self.sums[: len(total)] += averages * total[:, None]

    def solve(self, hair: Float[Tensor, " verts"]) -> GlossMaps:
        """Return the maps; `hair` is how far hair covers each vertex."""
        model, faces = self.model, self.model.part("skin").faces
        rough, strength = self._usual(hair)
        typical = (
            float(self.sums[:, 1][self.sums[:, 1] > 0].median())
            if bool((self.sums[:, 1] > 0).any())
            else 1.0
        )
        ones = torch.full_like(hair, 0.5)
        smooth = harmonic_fill(self.sums / max(typical, 1e-9), ones, faces, smoothness=SPREAD)
        told, foreseen = smooth[:, 0].clamp_min(0), smooth[:, 1].clamp_min(0)
        trust = foreseen / (foreseen + EVIDENCE) * (1 - hair)
        trust = trust * ~model.region("mouth_interior")
        # Twice as strong or half, at most; and sharper where bright places gain more than dim ones.
        ratio = ((told + 0.3) / (foreseen + 0.3)).log().clamp(-0.4, 0.4)
        mean = smooth[:, 1].clamp_min(1e-6)
        marked = (
            (smooth[:, 3] * mean / (smooth[:, 2] * smooth[:, 0].clamp_min(1e-6)).clamp_min(1e-9))
            .clamp(0.4, 2.5)
            .log()
        )
        strength = strength * (trust * ratio).exp()
        rough = (rough - SHARPER * trust * marked).clamp(0.2, 0.9)
        faces_smooth = harmonic_fill(
            torch.stack([rough, strength], -1), ones, faces, smoothness=2.0
        )
        return GlossMaps(
            roughness=faces_smooth[:, 0], specular=faces_smooth[:, 1].clamp(0, 2), confidence=trust
        )

    def _usual(self, hair: Float[Tensor, " verts"]) -> tuple[Tensor, Tensor]:
        rough, strength = torch.full_like(hair, USUAL), torch.ones_like(hair)
        known = {region.name: region.vertices for region in self.model.regions}
        for name, value in REGION_ROUGHNESS.items():
            if name in known:
                rough[known[name]] = value
        for name, value in REGION_SPECULAR.items():
            if name in known:
                strength[known[name]] = value
        rough = torch.lerp(rough, torch.full_like(rough, HAIR), hair)
        return rough, torch.lerp(strength, torch.full_like(strength, HAIR_SPECULAR), hair)


def coarse_image(
    values: Float[Tensor, " verts"], texels: Texels, side: int = 1024
) -> Float[Tensor, "coarse coarse"]:
    """Return a per-vertex quantity as an image of at most `side`, its gutters filled."""
    from avatar.render.rasterize_uv import dilate  # noqa: PLC0415

    full = dilate(texels.image(texels.interpolate(values[:, None])), texels.index)[..., 0]
    step = max(1, texels.size // side)
    return functional.avg_pool2d(full[None, None], step)[0, 0]
