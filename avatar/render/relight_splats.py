"""Splats in another light than the one they were filmed in, by the shader of the mesh."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
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

_AHEAD = 0.3
"""Cosine to where the face looks, above which an eye's surface shows between the lids."""


@dataclass(frozen=True, kw_only=True)
class SplatLighting:
    """A splat avatar ready to be lit; `faces` are the triangles that cast shadows."""

    splats: Splats
    relighting: SplatRelighting
    faces: Int[Tensor, "faces 3"]

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
            curvature=None,
        )
        radiance = shade(points, light)
        # Highlights and what is black as night stay what they are, in proportion to the light.
        sent = radiance.matte.T * (filmed / albedo) + radiance.gloss.T
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
                shares[number] = self._evened(anchors.on(share)[:, 0].clamp(0, 1))
        return shares

    def _evened(self, shares: Float[Tensor, " splats"]) -> Float[Tensor, " splats"]:
        """Return shares of a lamp, those of each eye the mean of what shows of it.

        The lids' shadows are finer than the mesh, and lips hide most of a mouth, but they move:
        no shadow is followed into it.
        """
        layers, normals = self.splats.layers, self.relighting.normals
        shares = torch.where(layers == LAYERS.index("mouth"), 1.0, shares)
        of_eyes = layers == LAYERS.index("eyes")
        for side in (self.splats.means[:, 0] < 0, self.splats.means[:, 0] >= 0):
            shown = of_eyes & side & (normals[:, 2] > _AHEAD)
            if bool(shown.any()):
                shares = torch.where(of_eyes & side, shares[shown].mean(), shares)
        return shares


def shadow_casters(head: Avatar) -> Int[Tensor, "faces 3"]:
    """Return the triangles that are not see-through."""
    known = {material.name: material.alpha_mode for material in head.materials}
    solid = [part.faces for part in head.mesh.parts if known.get(part.material) in (None, "opaque")]
    return torch.cat(solid).long() if solid else torch.zeros(0, 3, dtype=torch.int64)
