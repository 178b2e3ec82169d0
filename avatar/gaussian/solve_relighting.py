"""What trained splats are made of, and the light they were filmed in, told apart.

The reconstructed head's texture is an albedo from which the light of a few frames was removed. The
light of the whole video is what turns it into the splats' colours; what a splat differs by from
its lit texture is its own: hair, make-up, wrinkles.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.material import linear_from_srgb
from avatar.core.mesh import SurfacePoints, vertex_normals
from avatar.core.splats import LAYERS, SplatRelighting
from avatar.fit.light import VertexColors, solve_light
from avatar.gaussian.skin_texture import skin_texture
from avatar.render.light import Light
from avatar.render.openness import openness
from avatar.render.relight_splats import ALBEDO, shadow_casters
from avatar.render.shade import Points, shade

LEAST_LIGHT = 0.2
"""Least light a splat is taken to have been filmed in, of the skin's median."""

USUAL_TONE = 0.3
"""Luminance of a face's albedo where the head has no texture to tell."""

LEAST_OPEN = {"face": 0.15, "hair": 0.3, "eyes": 0.5, "mouth": 1.0, "torso": 0.3}
"""Least share of the sky splats of a layer are taken to see.

The mesh knows no loose hair nor parted lips; the inside of a mouth counts as lit from the front.
"""

ROUGHNESS = {"face": 0.5, "hair": 0.7, "eyes": 0.4, "mouth": 0.4, "torso": 0.7}
_ROUNDS = 4


@dataclass(frozen=True, kw_only=True)
class SplatSurface:
    """Splats as places of a surface, as the reconstructed head knows them.

    `skin` are those whose `albedo` its texture tells.
    """

    normals: Float[Tensor, "splats 3"]
    openness: Float[Tensor, " splats"]
    roughnesses: Float[Tensor, " splats"]
    albedo: Float[Tensor, "splats 3"]
    skin: Bool[Tensor, " splats"]

    def in_light(self, environment: Float[Tensor, "9 3"]) -> SplatRelighting:
        """Return the splats' relighting in an environment, what is filmed of it yet unknown."""
        return SplatRelighting(
            normals=self.normals,
            filmed_light=torch.ones_like(self.normals),
            openness=self.openness,
            roughnesses=self.roughnesses,
            environment=environment,
        )


@dataclass(frozen=True, kw_only=True)
class HeadSurface:
    """A head's vertices as a surface; splats come and go on it."""

    head: Avatar
    normals: Float[Tensor, "verts 3"]
    openness: Float[Tensor, " verts"]

    @staticmethod
    def of(head: Avatar) -> "HeadSurface":
        """Follow the light to a head at rest."""
        casters = shadow_casters(head)
        normals = vertex_normals(head.mesh.vertices, casters)
        sky = openness(head.mesh.vertices, normals, casters)
        return HeadSurface(head=head, normals=normals, openness=sky)

    def at(self, points: SurfacePoints, layers: Int[Tensor, " splats"]) -> SplatSurface:
        """Return the surface at splats that hang on these points."""
        least = torch.tensor([LEAST_OPEN[name] for name in LAYERS])[layers]
        rough = torch.tensor([ROUGHNESS[name] for name in LAYERS])[layers]
        # The inside of the mouth looks where the face looks; between lids an eye does so in part.
        ahead = torch.tensor([0.0, 0.0, 1.0]).expand(len(points), 3)
        inside = (layers == LAYERS.index("mouth"))[:, None]
        own = torch.nn.functional.normalize(points.on(self.normals), dim=1)
        own = torch.where(inside | (own.norm(dim=1, keepdim=True) < 0.5), ahead, own)
        eyes = (layers == LAYERS.index("eyes"))[:, None]
        own = torch.where(eyes, torch.nn.functional.normalize(own + ahead, dim=1), own)
        material = self.head.material(self.head.mesh.parts[0].material)
        face = layers == LAYERS.index("face")
        albedo = torch.full_like(own, USUAL_TONE)
        if material.base_color_map is not None:
            albedo, on_skin = skin_texture(self.head, points, material.base_color_map[..., :3])
            albedo, face = albedo.clamp(*ALBEDO), face & on_skin
        if material.roughness_map is not None:
            painted, on_skin = skin_texture(self.head, points, material.roughness_map[..., None])
            rough = torch.where(on_skin & face, painted[:, 0] * material.roughness, rough)
        return SplatSurface(
            normals=own,
            openness=torch.maximum(points.on(self.openness[:, None])[:, 0], least).clamp(0, 1),
            roughnesses=rough.clamp(0.05, 1),
            albedo=albedo,
            skin=face,
        )


@torch.no_grad()
def solve_environment(
    surface: SplatSurface, colors: Float[Tensor, "splats 3"], seen: Bool[Tensor, " splats"]
) -> Float[Tensor, "9 3"]:
    """Return the light in which the texture looks most like the splats' colours, display sRGB."""
    told = surface.skin & seen
    told = told if bool(told.any()) else seen
    sky = surface.openness[:, None] * surface.albedo
    linear = linear_from_srgb(colors.clamp(0, 1))
    return solve_light(
        VertexColors(colors=linear, normals=surface.normals, weights=told.float()), sky
    )


@torch.no_grad()
def solve_relighting(
    surface: SplatSurface,
    colors: Float[Tensor, "splats 3"],
    environment: Float[Tensor, "9 3"],
    seen: Bool[Tensor, " splats"],
) -> SplatRelighting:
    """Return what it takes to light splats anew that have these colours in this environment.

    `seen` are those that frames show; the others were painted after the texture.
    """
    filmed = _filmed_light(surface, linear_from_srgb(colors.clamp(0, 1)), environment)
    told = surface.skin & seen
    usual = filmed[told if bool(told.any()) else seen].median(0).values
    filmed = torch.where(seen[:, None], torch.maximum(filmed, LEAST_LIGHT * usual), usual)
    return replace(surface.in_light(environment), filmed_light=filmed)


def _filmed_light(
    surface: SplatSurface, colors: Float[Tensor, "splats 3"], environment: Float[Tensor, "9 3"]
) -> Float[Tensor, "splats 3"]:
    """Return the light that gives splats of yet unknown albedo their colours.

    How much a surface lights itself where it is hidden from the sky depends on its albedo, so both
    are found in turns.
    """
    light = Light(environment=environment, sheen=0.0, mirrored=0.0)
    albedo = sent = surface.albedo
    normals = surface.normals.T
    for _ in range(_ROUNDS):
        points = Points(
            positions=normals,
            normals=normals,
            smooth_normals=normals,
            to_eye=normals,
            openness=surface.openness,
            lamp_shares=surface.openness.new_zeros(0, len(colors)),
            albedo=albedo.T,
            alpha=surface.openness,
            roughness=surface.roughnesses,
            metallic=0.0,
            curvature=None,
        )
        sent = shade(points, light).matte.T / albedo
        albedo = (colors / sent.clamp_min(1e-3)).clamp(*ALBEDO)
    return sent.clamp_min(1e-3)
