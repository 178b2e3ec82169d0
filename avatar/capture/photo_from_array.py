"""Makes a photo of pixels that are already in memory."""

from typing import Any

import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from avatar.capture.observation import Photo
from avatar.core.errors import ImageError
from avatar.core.material import linear_from_srgb

_WAY_OUT = "give (height, width), (height, width, 1), (height, width, 3) or (height, width, 4)"


def photo_from_array(
    pixels: Tensor | NDArray[Any],
    *,
    name: str = "array",
    linear: bool = False,
    focal_35mm: float | None = None,
) -> Photo:
    """Return the photo of an upright picture in an array or tensor.

    `pixels` are (height, width) grey or (height, width, channels) with 1, 3 or 4 channels (alpha is
    laid over white), as uint8, uint16, or floats in [0, 1]; sRGB-encoded unless `linear`.

    Raises:
        ImageError: another shape or type, no pixels, or values that are not finite or lie outside
            [0, 1].
    """
    values = pixels if isinstance(pixels, Tensor) else _tensor(pixels)
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[2] not in (1, 3, 4):
        raise ImageError(f"pixels: {_WAY_OUT}, got {tuple(pixels.shape)}")
    if values.numel() == 0:
        raise ImageError(f"pixels: the picture has no pixels, its shape is {tuple(pixels.shape)}")
    values = _over_white(_unit_range(values))
    if values.shape[2] == 1:
        values = values.expand(-1, -1, 3)
    rgb = values if linear else linear_from_srgb(values)
    return Photo(pixels=rgb.contiguous(), name=name, focal_35mm=focal_35mm)


def _tensor(pixels: NDArray[Any]) -> Tensor:
    if pixels.dtype.kind not in "uf" or pixels.dtype.itemsize > 8:
        raise ImageError(
            f"pixels: expected uint8, uint16 or floats in [0, 1], got {pixels.dtype}; convert first"
        )
    # A copy: torch takes no arrays that are read-only, run backwards or have foreign byte order.
    return torch.from_numpy(pixels.astype(pixels.dtype.newbyteorder("="), order="C"))


def _unit_range(values: Tensor) -> Float[Tensor, "height width channels"]:
    if values.dtype in (torch.uint8, torch.uint16):
        return values.to(torch.float32) / (255 if values.dtype == torch.uint8 else 65535)
    if not values.is_floating_point():
        raise ImageError(
            f"pixels: expected uint8, uint16 or floats in [0, 1], got {values.dtype}; convert first"
        )
    values = values.to(torch.float32)
    low, high = float(values.min()), float(values.max())
    # NaN compares false with everything, so that this refuses it too.
    if not (low >= -1e-3 and high <= 1 + 1e-3):
        raise ImageError(
            f"pixels: expected floats in [0, 1], got {low:g} to {high:g}; divide by the maximum"
        )
    return values.clamp(0, 1)


def _over_white(
    values: Float[Tensor, "height width channels"],
) -> Float[Tensor, "height width colours"]:
    if values.shape[2] != 4:
        return values
    alpha = values[..., 3:]
    return values[..., :3] * alpha + (1 - alpha)
