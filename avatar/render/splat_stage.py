"""A splat avatar on a stage: driven by weights and head poses, seen by any camera."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.errors import OptionError
from avatar.core.pose_splats import PosedSplats, SplatRig, pose_splats
from avatar.core.rig import posed_from_rest
from avatar.core.splats import LAYERS, Splats
from avatar.core.transform import Transform
from avatar.render.draw_splats import draw_splats
from avatar.render.light import Light
from avatar.render.relight_splats import SplatLighting


@dataclass(frozen=True, kw_only=True)
class SplatStage:
    """Splats with what is prepared once for all frames; layers in `hidden` are not drawn."""

    head: Avatar
    splats: Splats
    rig: SplatRig

    @staticmethod
    def build(head: Avatar, hidden: tuple[str, ...] = ()) -> "SplatStage":
        """Prepare an avatar that has splats.

        Raises:
            OptionError: it has none, or there is no layer of a name in `hidden`.
        """
        if head.splats is None:
            raise OptionError(
                f"{head.info.name}: this avatar has no splats; `avatar train` makes one that has"
            )
        unknown = sorted(set(hidden) - set(LAYERS))
        if unknown:
            raise OptionError(f"hide: expected some of {', '.join(LAYERS)}; got {unknown[0]!r}")
        gone = torch.tensor([LAYERS.index(name) for name in hidden], dtype=torch.int64)
        splats = head.splats.chosen(~torch.isin(head.splats.layers, gone))
        rig = SplatRig.build(head, splats.corners, splats.barycentrics)
        return SplatStage(head=head, splats=splats, rig=rig)

    @torch.no_grad()
    def posed(self, weights: Float[Tensor, "52"], world_from_head: Transform) -> PosedSplats:
        """Return the splats of an expression and a head pose."""
        return pose_splats(self.splats, self.rig, weights, world_from_head)

    @torch.no_grad()
    def lit(
        self,
        weights: Float[Tensor, "52"],
        world_from_head: Transform,
        light: Light | None,
        camera: Camera,
    ) -> PosedSplats:
        """Return the splats of an expression and a head pose in a light, or lit as filmed.

        Raises:
            OptionError: there is a light, and the splats cannot be relit.
        """
        posed = self.posed(weights, world_from_head)
        if light is None:
            return posed
        vertices = world_from_head.apply(self.head.pose(weights))
        return self.lighting.lit(posed, vertices, light, camera)

    @cached_property
    def lighting(self) -> SplatLighting:
        """The splats prepared to be lit; OptionError where they cannot be."""
        return SplatLighting.build(self.head, self.splats)

    def head_of_joints(self, rotations: Float[Tensor, "joints 3 3"]) -> Transform:
        """Return the head's pose in the world by the joints' local rotations."""
        rig = self.head.rig
        if "head" not in rig.joint_names:
            return Transform.identity(rig.joint_positions)
        joints = posed_from_rest(rig, rotations)
        number = rig.joint("head")
        return Transform(rotation=joints.rotation[number], translation=joints.translation[number])

    @torch.no_grad()
    def picture(
        self, posed: PosedSplats, camera: Camera, background: Float[Tensor, "3"]
    ) -> Float[Tensor, "height width 3"]:
        """Return what a camera in the world sees, display sRGB in [0, 1]."""
        return draw_splats(posed, camera, background).features.clamp(0, 1)
