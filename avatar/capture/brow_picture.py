"""Brows and forehead of a followed face, small enough to keep of every frame."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from avatar.capture.read_video import VideoFrame
from avatar.core.material import LUMINANCE, linear_from_srgb, srgb_from_linear

_AROUND = (10, 109, 67, 103, 54, 21, 338, 297, 332, 284, 251, 70, 300, 33, 133, 263, 362, 168)
"""Landmarks around forehead, brows and eyes."""

_IRIS_DISTANCE = 0.063
"""Metres between most people's irises."""

_MARGIN, _PIXEL = 0.008, 0.001
"""Metres kept around the landmarks, and the size of a kept pixel where the frame has more."""

_MOST = 144
"""Pixels a side: a head that lies on its shoulder needs the most."""


@dataclass(frozen=True, kw_only=True)
class BrowPicture:
    """Luminance of a rectangle of a frame, sRGB-encoded in 8 bits.

    The rectangle is `left`, `top`, `width`, `height` in the frame's pixels. A face held upright
    takes 10 kB, 190 MB in ten minutes at 30 frames a second; none takes more than 21 kB.
    """

    grey: UInt8[Tensor, "rows columns"]
    left: int
    top: int
    width: int
    height: int

    def linear(self) -> Float[Tensor, "rows columns"]:
        """Return the luminance, linear in [0, 1]."""
        return linear_from_srgb(self.grey.float() / 255)


def brow_picture(frame: VideoFrame, points: Float[Tensor, "478 3"]) -> BrowPicture | None:
    """Return brows and forehead of the face with these points; None where they are not in view."""
    per_metre = float((points[468] - points[473]).norm()) / _IRIS_DISTANCE
    around, margin = points[list(_AROUND), :2], _MARGIN * per_metre
    low, high = (around.amin(0) - margin).tolist(), (around.amax(0) + margin).tolist()
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(frame.width, int(high[0]) + 1), min(frame.height, int(high[1]) + 1)
    width, height = right - left, bottom - top
    if min(width, height) < 4:
        return None
    part = linear_from_srgb(frame.pixels[top:bottom, left:right].float() / 255)
    luminance = part @ part.new_tensor(LUMINANCE)
    scale = max(1.0, _PIXEL * per_metre, max(width, height) / _MOST)
    if scale > 1:
        size = math.ceil(height / scale), math.ceil(width / scale)
        luminance = functional.interpolate(
            luminance[None, None], size=size, mode="bilinear", antialias=True
        )[0, 0]
    grey = (srgb_from_linear(luminance) * 255).round().clamp(0, 255).to(torch.uint8).cpu()
    return BrowPicture(grey=grey, left=left, top=top, width=width, height=height)
