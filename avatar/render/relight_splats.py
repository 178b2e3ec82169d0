"""Splats in another light than the one they were filmed in, by the shader of the mesh."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.errors import OptionError
from avatar.core.material import linear_from_srgb, srgb_from_linear
from avatar.core.mesh import SurfacePoints, vertex_normals
from avatar.core.pose_splats import PosedSplats, light_share, turned
from avatar.core.splats import DISPLAY_GAMMA, LAYERS, SplatRelighting, Splats
from avatar.render.light import Light
from avatar.render.openness import lamp_share
from avatar.render.shade import Points, shade
from avatar.render.tone import tone_map

ALBEDO = (0.002, 0.95)
"""Least and most a splat's albedo is taken for."""

BRIGHTEST = 4.0
"""Most a splat sends back of what reaches it: filmed highlights outshine a white surface."""

_BLEEDING = ("face", "torso")
"""Layers light bleeds through as it does through skin."""

_SHADOWLESS = ("mouth",)
"""Layers no lamp's shadow is followed to: mostly lips hide them, and those move."""


@dataclass(frozen=True, kw_only=True)
class SplatLighting:
    """A splat avatar ready to be lit; `faces` are the triangles that cast shadows."""

    splats: Splats
    relighting: SplatRelighting
    faces: Int[Tensor, "faces 3"]
    bleeding: Bool[Tensor, " splats"]
    shadowed: Bool[Tensor, " splats"]

    @staticmethod
    def build(head: Avatar, splats: Splats) -> "SplatLighting":
        """Prepare the splats on `head`.

        Raises:
            OptionError: it is not known in what light they were filmed.
        """
        if splats.relighting is None:
            raise OptionError(
                f"{head.info.name}: this avatar was trained without relighting; train it again "
                "with `avatar train`, or render it in the light it was filmed in"
            )
        return SplatLighting(
            splats=splats,
            relighting=splats.relighting,
            faces=shadow_casters(head),
            bleeding=_of_layers(splats, _BLEEDING),
            shadowed=~_of_layers(splats, _SHADOWLESS),
        )

    @torch.no_grad()
    def lit(
        self,
        posed: PosedSplats,
        vertices: Float[Tensor, "verts 3"],
        light: Light,
        camera: Camera,
        *,
        tone: bool = True,
    ) -> PosedSplats:
        """Return posed splats as `camera` sees them in that light.

        `vertices` are the head's in the same pose, in the world: they cast the lamps' shadows.
        `tone` bends highlights into range; without it the filmed light gives the filmed colours.
        """
        known = self.relighting
        turned_share = light_share(known, posed.turns) ** (1 / DISPLAY_GAMMA)
        filmed = linear_from_srgb((posed.colors / turned_share).clamp(0, 1))
        filmed = (filmed / known.filmed_light).clamp_max(BRIGHTEST)
        albedo = filmed.clamp(*ALBEDO)
        normals = functional.normalize(turned(posed.turns, known.normals), dim=1).T
        points = Points(
            positions=posed.means.T,
            normals=normals,
            smooth_normals=normals,
            to_eye=functional.normalize(camera.position_in_world - posed.means, dim=1).T,
            openness=known.openness,
            lamp_shares=self._lamp_shares(vertices, light),
            albedo=albedo.T,
            alpha=posed.opacities,
            roughness=known.roughnesses,
            metallic=0.0,
            bleeds=False,
        )
        matte, gloss = shade_layers(points, self.bleeding, light)
        # Highlights and what is black as night stay what they are, in proportion to the light.
        sent = matte * (filmed / albedo) + gloss
        return replace(posed, colors=srgb_from_linear(tone_map(sent) if tone else sent))

    @property
    def filmed_light(self) -> Light:
        """The light in which the person was filmed."""
        return Light(environment=self.relighting.environment, sheen=0.0, mirrored=0.0)

    def _lamp_shares(
        self, vertices: Float[Tensor, "verts 3"], light: Light
    ) -> Float[Tensor, "lamps splats"]:
        shares = vertices.new_ones(len(light.lamps), len(self.splats))
        anchors = SurfacePoints(corners=self.splats.corners, barycentrics=self.splats.barycentrics)
        normals = vertex_normals(vertices, self.faces)
        for number, lamp in enumerate(light.lamps):
            if lamp.shadow:
                share = lamp_share(vertices, normals, self.faces, lamp)[:, None]
                shares[number] = torch.where(self.shadowed, anchors.on(share)[:, 0], 1.0)
        return shares.clamp(0, 1)


def shade_layers(
    points: Points, bleeding: Bool[Tensor, " points"], light: Light
) -> tuple[Float[Tensor, "points 3"], Float[Tensor, "points 3"]]:
    """Return what points send from within and from their surface; through some light bleeds."""
    matte, gloss = torch.zeros_like(points.albedo.T), torch.zeros_like(points.albedo.T)
    for bleeds in (False, True):
        rows = (bleeding == bleeds).nonzero()[:, 0]
        some = {
            name: value[..., rows]
            for name, value in vars(points).items()
            if isinstance(value, Tensor)
        }
        radiance = shade(replace(points, bleeds=bleeds, **some), light)
        matte[rows], gloss[rows] = radiance.matte.T, radiance.gloss.T
    return matte, gloss


def shadow_casters(head: Avatar) -> Int[Tensor, "faces 3"]:
    """Return the triangles that are not see-through."""
    known = {material.name: material.alpha_mode for material in head.materials}
    solid = [part.faces for part in head.mesh.parts if known.get(part.material) in (None, "opaque")]
    return torch.cat(solid).long() if solid else torch.zeros(0, 3, dtype=torch.int64)


def _of_layers(splats: Splats, names: tuple[str, ...]) -> Bool[Tensor, " splats"]:
    numbers = torch.tensor([LAYERS.index(name) for name in names], device=splats.layers.device)
    return torch.isin(splats.layers, numbers)
