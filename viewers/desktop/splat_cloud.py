"""A head's Gaussian splats on the graphics card, blended from the farthest to the nearest."""

import moderngl
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.pose_splats import PosedSplats
from avatar.render.draw_splats import SPLAT_OPTIONS, draw_splats
from avatar.render.light import Light
from avatar.render.splat_stage import SplatStage
from viewers.desktop.canvas import Canvas
from viewers.desktop.context import is_software
from viewers.desktop.shader import assign, program

_LAYOUT = "3f 4f 3f 1f 3f /i"
_NAMES = ("in_mean", "in_rotation", "in_scale", "in_opacity", "in_color")
_FLOATS = 14


class SplatCloud:
    """The splats of one head; `update` takes a pose, `draw` puts it on a canvas.

    Where OpenGL is played by the processor, the project's own rasteriser draws instead: it is many
    times as fast there, and makes the same picture.
    """

    def __init__(self, context: moderngl.Context, avatar: Avatar) -> None:
        self._context = context
        self._stage = SplatStage.build(avatar)
        self._program = program(context, "splat.vert", "splat.frag")
        count = len(self._stage.splats)
        self._buffer = context.buffer(reserve=max(4 * _FLOATS * count, 4), dynamic=True)
        self._array = context.vertex_array(self._program, [(self._buffer, _LAYOUT, *_NAMES)])
        self._posed: PosedSplats | None = None

    def update(
        self,
        weights: Float[Tensor, "52"],
        rotations: Float[Tensor, "joints 3 3"],
        light: Light | None,
        camera: Camera,
    ) -> None:
        """Take a pose, and a light; None, or splats that cannot be relit: as they were filmed."""
        pose = self._stage.head_of_joints(rotations)
        known = self._stage.splats.relighting is not None
        self._posed = self._stage.lit(weights, pose, light if known else None, camera)

    def draw(self, camera: Camera, canvas: Canvas) -> None:
        """Draw what a camera sees: display sRGB, premultiplied."""
        if self._posed is None:
            raise AssertionError("update comes first")
        if is_software(self._context):
            canvas.put(_drawn_here(self._posed, camera))
        else:
            self._draw(self._posed, camera, canvas.begin(camera.width, camera.height, 1))

    def _draw(self, posed: PosedSplats, camera: Camera, target: moderngl.Framebuffer) -> None:
        rotation, origin = _matrices(camera)
        rows = _rows(posed)
        depths = rows[:, :3] @ rotation[2] + origin[2]
        self._buffer.orphan()
        self._buffer.write(rows[_farthest_first(depths)])
        k = camera.intrinsics
        assign(
            self._program,
            {
                "camera_from_world": rotation.T.copy().tobytes(),
                "camera_origin": tuple(origin.tolist()),
                "focal": (float(k[0, 0]), float(k[1, 1])),
                "principal": (float(k[0, 2]), float(k[1, 2])),
                "size": (float(camera.width), float(camera.height)),
                "near": SPLAT_OPTIONS.near,
            },
        )
        target.use()
        self._context.enable_only(moderngl.BLEND)
        self._context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=len(rows))
        self._context.enable_only(moderngl.NOTHING)

    def release(self) -> None:
        """Give the memory back."""
        self._array.release()
        self._buffer.release()
        self._program.release()


@torch.no_grad()
def _drawn_here(posed: PosedSplats, camera: Camera) -> Float[Tensor, "height width 4"]:
    picture = draw_splats(posed, camera)
    return torch.cat([picture.features, 1 - picture.transmittance[..., None]], -1)


def _rows(posed: PosedSplats) -> Float[np.ndarray, "splats 14"]:
    parts = (posed.means, posed.rotations, posed.scales, posed.opacities[:, None], posed.colors)
    return torch.cat(parts, 1).numpy().astype(np.float32)


def _matrices(camera: Camera) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3"]]:
    pose = camera.camera_from_world
    return pose.rotation.float().numpy(), pose.translation.float().numpy()


def _farthest_first(depths: Float[np.ndarray, " splats"]) -> np.ndarray:
    """Sort by 16 bits of the depth, which numpy does without comparing: ten times as fast."""
    low, high = float(depths.min(initial=0.0)), float(depths.max(initial=1.0))
    steps = (high - depths) * (65535 / max(high - low, 1e-9))
    return np.argsort(steps.clip(0, 65535).astype(np.uint16), kind="stable")
