"""A material's maps as OpenGL textures with mip levels."""

from collections.abc import Iterator

import moderngl
import numpy as np
import torch
from torch import Tensor

from avatar.core.material import Material, srgb_from_linear

_SRGB8_ALPHA8 = 0x8C43

COLOR_MAP, ROUGHNESS_MAP, NORMAL_MAP, SPECULAR_MAP, OCCLUSION_MAP = 0, 1, 2, 4, 5
"""The texture units of the maps."""


class SurfaceMaps:
    """The maps of one material; colours are stored as sRGB, and premultiplied where they fade."""

    def __init__(self, context: moderngl.Context, material: Material) -> None:
        color = material.base_color_map
        self.color = None if color is None else _color(context, color, material)
        normal = material.normal_map
        self.roughness = _one_channel(context, material.roughness_map)
        self.normal = None if normal is None else _plain(context, normal)
        self.specular = _one_channel(context, material.specular_map)
        self.occlusion = _one_channel(context, material.occlusion_map)

    def use(self) -> None:
        """Bind them to their units."""
        for unit, texture in (
            (COLOR_MAP, self.color),
            (ROUGHNESS_MAP, self.roughness),
            (NORMAL_MAP, self.normal),
            (SPECULAR_MAP, self.specular),
            (OCCLUSION_MAP, self.occlusion),
        ):
            if texture is not None:
                texture.use(unit)

    def release(self) -> None:
        """Give the memory back."""
        for texture in self._textures():
            texture.release()

    def _textures(self) -> Iterator[moderngl.Texture]:
        for texture in (self.color, self.roughness, self.normal, self.specular, self.occlusion):
            if texture is not None:
                yield texture


def _color(context: moderngl.Context, color: Tensor, material: Material) -> moderngl.Texture:
    alpha = color[..., 3:]
    if material.alpha_mode == "opaque" or color.shape[2] == 3:
        alpha = torch.ones_like(color[..., :1])
    pixels = _bytes(torch.cat([srgb_from_linear(color[..., :3] * alpha), alpha], -1))
    height, width = color.shape[:2]
    return _mipped(context.texture((width, height), 4, pixels, internal_format=_SRGB8_ALPHA8))


def _one_channel(context: moderngl.Context, values: Tensor | None) -> moderngl.Texture | None:
    return None if values is None else _plain(context, values[..., None])


def _plain(context: moderngl.Context, values: Tensor) -> moderngl.Texture:
    height, width, channels = values.shape
    if channels == 3:
        # Four bytes a texel are read faster than three.
        values = torch.cat([values, torch.ones_like(values[..., :1])], -1)
    return _mipped(context.texture((width, height), values.shape[2], _bytes(values), alignment=1))


def _bytes(values: Tensor) -> bytes:
    return (values * 255).round().clamp(0, 255).to(torch.uint8).numpy().astype(np.uint8).tobytes()


def _mipped(texture: moderngl.Texture) -> moderngl.Texture:
    texture.build_mipmaps()
    texture.filter = moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR
    texture.repeat_x = texture.repeat_y = False
    return texture
