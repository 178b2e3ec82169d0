"""Where a picture is drawn: several samples a pixel, then over its backdrop, encoded as sRGB."""

import moderngl
import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from viewers.desktop.shader import assign, program
from viewers.stage.backdrops import Backdrop


class Canvas:
    """A picture in memory: `begin` it, draw, and `present` it in another framebuffer.

    There are at most as many samples a pixel as the card has.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._programs = {
            encoded: program(context, "screen.vert", "present.frag", (("ENCODED", encoded),))
            for encoded in (False, True)
        }
        self._screens = {
            encoded: context.vertex_array(made, []) for encoded, made in self._programs.items()
        }
        self._attachments: list[moderngl.Texture | moderngl.Renderbuffer] = []
        self._framebuffers: list[moderngl.Framebuffer] = []
        self._shape = (0, 0, 0)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is drawn, in pixels."""
        return self._shape[:2]

    def begin(self, width: int, height: int, samples: int) -> moderngl.Framebuffer:
        """Return the framebuffer to draw into, cleared."""
        samples = min(samples, self._context.max_samples)
        shape = (width, height, samples if samples > 1 else 0)
        if shape != self._shape:
            self._resize(shape)
        target = self._framebuffers[0]
        target.use()
        target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        return target

    def put(self, picture: Float[Tensor, "height width 4"]) -> None:
        """Take a picture that was drawn elsewhere, the top row first, premultiplied."""
        height, width = picture.shape[:2]
        self.begin(width, height, 1)
        self._picture.write(picture.flip(0).half().contiguous().numpy())

    def present(
        self, target: moderngl.Framebuffer, backdrop: Backdrop, *, encoded: bool = False
    ) -> None:
        """Show the picture over its backdrop; `encoded` ones hold sRGB instead of linear light."""
        if len(self._framebuffers) > 1:
            self._context.copy_framebuffer(self._framebuffers[1], self._framebuffers[0])
        assign(
            self._programs[encoded],
            {
                "picture": 0,
                "middle": backdrop.middle,
                "edge": backdrop.edge,
                "spot": backdrop.spot,
                "falloff": backdrop.falloff,
                "bell": backdrop.bell,
            },
        )
        target.use()
        self._context.enable_only(moderngl.NOTHING)
        self._picture.use(0)
        self._screens[encoded].render(moderngl.TRIANGLES, vertices=3)

    def _resize(self, shape: tuple[int, int, int]) -> None:
        self._release()
        size, samples = shape[:2], shape[2]
        context = self._context
        self._picture = context.texture(size, 4, dtype="f2")
        self._picture.filter = moderngl.LINEAR, moderngl.LINEAR
        self._picture.repeat_x = self._picture.repeat_y = False
        depth = context.depth_renderbuffer(size, samples=samples)
        self._attachments = [self._picture, depth]
        if samples:
            color = context.renderbuffer(size, 4, samples=samples, dtype="f2")
            self._attachments.append(color)
            self._framebuffers = [
                context.framebuffer([color], depth),
                context.framebuffer([self._picture]),
            ]
        else:
            self._framebuffers = [context.framebuffer([self._picture], depth)]
        self._shape = shape

    def release(self) -> None:
        """Give the memory back."""
        self._release()
        for thing in (*self._screens.values(), *self._programs.values()):
            thing.release()

    def _release(self) -> None:
        for thing in (*self._framebuffers, *self._attachments):
            thing.release()
        self._framebuffers, self._attachments = [], []


def read_picture(framebuffer: moderngl.Framebuffer) -> UInt8[np.ndarray, "height width 3"]:
    """Return what a framebuffer of bytes shows, the top row first."""
    width, height = framebuffer.size
    data = np.frombuffer(framebuffer.read(components=3, alignment=1), np.uint8)
    return data.reshape(height, width, 3)[::-1].copy()
