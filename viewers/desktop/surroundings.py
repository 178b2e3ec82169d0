"""What surfaces mirror, on the graphics card."""

import moderngl
import numpy as np

from avatar.ops.sample_texture import TexturePyramid
from avatar.render.reflections import Reflections


class Surroundings:
    """Holds the panorama of the light that was last used, level by level."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._levels: TexturePyramid | None = None
        self._texture = context.texture((1, 1), 3, dtype="f4")

    def use(self, reflections: Reflections | None, unit: int) -> None:
        """Bind the panorama to a unit; without one, a texel that nobody looks at."""
        if reflections is not None and reflections.levels is not self._levels:
            self._levels = reflections.levels
            self._texture.release()
            self._texture = _texture(self._context, reflections.levels)
        self._texture.use(unit)

    def release(self) -> None:
        """Give the memory back."""
        self._texture.release()


def _texture(context: moderngl.Context, pyramid: TexturePyramid) -> moderngl.Texture:
    height, width = pyramid.levels[0].shape[:2]
    texture = context.texture((width, height), 3, dtype="f4")
    texture.build_mipmaps(0, len(pyramid.levels) - 1)
    for number, level in enumerate(pyramid.levels):
        texture.write(level.float().contiguous().numpy().astype(np.float32).tobytes(), level=number)
    texture.filter = moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR
    texture.repeat_x = texture.repeat_y = True
    return texture
