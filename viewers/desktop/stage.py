"""What is to be seen, and its picture: a head in a pose, light, a look, a camera, a backdrop."""

from dataclasses import dataclass, field

import moderngl
import torch

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.render.light import Light
from viewers.desktop.canvas import Canvas
from viewers.desktop.head_mesh import HeadMesh
from viewers.desktop.poser import PosedHead, Poser
from viewers.desktop.shadows import Shadows
from viewers.desktop.splat_cloud import SplatCloud
from viewers.stage.backdrops import BACKDROPS, BackdropName
from viewers.stage.face import STILL, Pose
from viewers.stage.lighting import Lighting
from viewers.stage.looks import Look

AS_FILMED = Lighting()
"""The light that leaves splats as they are."""

SAMPLES = 4
"""Per pixel, at rest and in files."""


@dataclass(frozen=True, kw_only=True)
class StageSettings:
    """How a head is shown."""

    look: Look = "shaded"
    lighting: Lighting = field(default_factory=Lighting)
    backdrop: BackdropName = "studio"


class Stage:
    """One head on the graphics card; change `settings` and `pose` as you like, then `draw`."""

    def __init__(self, context: moderngl.Context, avatar: Avatar) -> None:
        self.avatar = avatar
        self.settings = StageSettings(look="splats" if avatar.splats is not None else "shaded")
        self.pose: Pose = STILL
        self.shadows = Shadows(avatar)
        self._poser = Poser.build(avatar)
        self._mesh = HeadMesh(context, self.shadows.scene)
        self._cloud = None if avatar.splats is None else SplatCloud(context, avatar)
        self._canvas = Canvas(context)
        self._posed: tuple[Pose, PosedHead] | None = None
        self._light: tuple[Lighting, Light] | None = None
        self._uploaded: tuple[PosedHead, Light] | None = None

    @property
    def looks(self) -> tuple[Look, ...]:
        """The looks this head has."""
        looks: tuple[Look, ...] = ("shaded", "clay", "albedo", "normals", "wireframe", "uv")
        return looks if self._cloud is None else ("splats", *looks)

    @property
    def light(self) -> Light:
        """The light as it is now."""
        if self._light is None or self._light[0] is not self.settings.lighting:
            self._light = self.settings.lighting, self.settings.lighting.light()
        return self._light[1]

    @light.setter
    def light(self, light: Light) -> None:
        self._light = self.settings.lighting, light

    def posed(self) -> PosedHead:
        """Return the mesh as it is now."""
        if self._posed is None or self._posed[0] is not self.pose:
            weights, turns = self._moves()
            self._posed = self.pose, self._poser.pose(weights, turns)
        return self._posed[1]

    def prepare(self, *, exact: bool) -> None:
        """Follow the light before drawing, not meanwhile: for this very pose, or for many."""
        if exact:
            self.shadows.follow(self.posed(), self.light)
        else:
            self.shadows.learn(self.light)

    def draw(self, camera: Camera, target: moderngl.Framebuffer, samples: int = SAMPLES) -> None:
        """Draw what `camera` sees into a framebuffer, which may be larger than its picture."""
        backdrop = BACKDROPS[self.settings.backdrop]
        if self.settings.look == "splats" and self._cloud is not None:
            as_filmed = self.settings.lighting == AS_FILMED
            self._cloud.update(*self._moves(), None if as_filmed else self.light, camera)
            self._cloud.draw(camera, self._canvas)
            self._canvas.present(target, backdrop, encoded=True)
            return
        self._upload()
        canvas = self._canvas.begin(camera.width, camera.height, samples)
        self._mesh.draw(camera, self.light, self.settings.look, canvas)
        self._canvas.present(target, backdrop)

    def release(self) -> None:
        """Give memory and threads back."""
        self.shadows.close()
        self._mesh.release()
        self._canvas.release()
        if self._cloud is not None:
            self._cloud.release()

    def _upload(self) -> None:
        posed = self.posed()
        better = self.shadows.changed.is_set()
        known = self._uploaded
        if not better and known is not None and known[0] is posed and known[1] is self.light:
            return
        self.shadows.changed.clear()
        weights, _ = self._moves()
        self._mesh.update(posed, self.shadows.at(weights, posed))
        self._uploaded = posed, self.light

    def _moves(self) -> tuple[torch.Tensor, torch.Tensor]:
        names = self.avatar.rig.joint_names
        return torch.tensor(self.pose.weights), self.pose.rotations(names)
