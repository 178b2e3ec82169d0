"""The skin's maps as pictures: a sheet to look at, and files of 16 bits for other programs."""

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch.nn import functional

from avatar.core.material import srgb_from_linear
from avatar.files.png import encode_png
from avatar.maps.reflectance import ReflectanceMaps
from avatar.render.tile import TileOptions, stack, tile

MILLIMETRES = 10.0
"""Range of displacement from black to white in a file; mid-grey is none."""

SHOWN_MILLIMETRES = 2.0
"""The same on the sheet."""

CELL, COLUMNS = 500, 3


def map_sheet(maps: ReflectanceMaps) -> Image.Image:
    """Return all maps side by side, each with its name."""
    shown = _levels(maps, SHOWN_MILLIMETRES)
    pictures = [(_cell(values) * 255 + 0.5).to(torch.uint8) for values in shown.values()]
    labels = [name.replace("_", " ") for name in shown]
    options = TileOptions()
    return Image.fromarray(stack([tile(pictures, COLUMNS, labels, options)], options).numpy())


def map_png(maps: ReflectanceMaps, name: str) -> bytes:
    """Return one map as a PNG of 16 bits a channel.

    Albedo is sRGB, specular half its strength, displacement 0.5 + millimetres / 10; KeyError for a
    name there is no map of.
    """
    values = _levels(maps, MILLIMETRES)[name]
    return encode_png((values.clamp(0, 1) * 65535 + 0.5).numpy().astype(np.uint16))


def _levels(
    maps: ReflectanceMaps, millimetres: float
) -> dict[str, Float[Tensor, "height width channels"]]:
    """Return every map as values in [0, 1], by name."""
    return {
        "albedo": srgb_from_linear(maps.skin.albedo),
        "roughness": maps.skin.roughness[..., None],
        "specular": maps.specular[..., None] / 2,
        "occlusion": maps.occlusion[..., None],
        "normal": maps.skin.normals,
        "displacement": (0.5 + 1000 * maps.displacement / millimetres)[..., None],
        "confidence": maps.skin.confidence[..., None],
        "displacement_confidence": maps.displacement_confidence[..., None],
        "gloss_confidence": maps.gloss_confidence[..., None],
    }


def _cell(values: Float[Tensor, "height width channels"]) -> Float[Tensor, "cell cell 3"]:
    channels = values.clamp(0, 1).permute(2, 0, 1)[None]
    small = functional.interpolate(channels, (CELL, CELL), mode="area")[0].permute(1, 2, 0)
    return small.expand(-1, -1, 3)
