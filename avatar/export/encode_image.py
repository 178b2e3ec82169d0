"""Material maps as PNG and JPEG files."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from avatar.core.material import srgb_from_linear
from avatar.files.png import encode_png

ImageFormat = Literal["png", "jpeg"]


@dataclass(frozen=True, kw_only=True)
class EncodedImage:
    """The bytes of an image file."""

    data: bytes
    format: ImageFormat

    @property
    def mime_type(self) -> str:
        """The file's type as glTF names it."""
        return f"image/{self.format}"

    @property
    def suffix(self) -> str:
        """The usual end of the file's name."""
        return ".png" if self.format == "png" else ".jpg"


def encode_image(
    levels: UInt8[Tensor, "height width channels"],
    image_format: ImageFormat = "png",
    quality: int = 95,
) -> EncodedImage:
    """Store 8-bit levels; JPEG holds three channels only, all else becomes a PNG.

    `quality` is JPEG's, from 1 to 100; colour is not subsampled.
    """
    pixels = levels.numpy()
    if image_format == "png" or pixels.shape[-1] != 3:
        return EncodedImage(data=encode_png(pixels), format="png")
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0)
    return EncodedImage(data=file.getvalue(), format="jpeg")


def linear_levels(
    values: Float[Tensor, "height width channels"],
) -> UInt8[Tensor, "height width channels"]:
    """Round values in [0, 1] to the nearest of 256 levels, clipping what lies outside."""
    return (values.detach().cpu().clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def srgb_levels(
    values: Float[Tensor, "height width channels"],
) -> UInt8[Tensor, "height width channels"]:
    """Encode linear light as 8-bit sRGB.

    By a table of 65536 steps, four times as fast as the powers and never a twentieth of a level
    off before it is rounded.
    """
    table = linear_levels(srgb_from_linear(torch.linspace(0, 1, 65536))[:, None, None]).numpy()
    steps = (values.detach().cpu().clamp(0, 1) * 65535 + 0.5).numpy().astype(np.uint16)
    return torch.from_numpy(table.reshape(-1)[steps])


def shrunk(
    values: Float[Tensor, "height width channels"], size: int | None
) -> Float[Tensor, "new_height new_width channels"]:
    """Average a map down so that neither side exceeds `size`; never enlarge it."""
    height, width, _ = values.shape
    longest = max(height, width)
    if size is None or longest <= size:
        return values
    target = (max(1, round(height * size / longest)), max(1, round(width * size / longest)))
    pooled = torch.nn.functional.adaptive_avg_pool2d(values.movedim(-1, 0)[None], target)
    return pooled[0].movedim(0, -1)
