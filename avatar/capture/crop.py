"""Square crops of a picture at any place, size and angle, resampled for the networks."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.core.material import srgb_from_linear

Border = Literal["zero", "replicate"]


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A square of a picture: its centre and side in pixels, and the angle of its +x axis.

    The angle, in radians, turns from the picture's +x (right) towards +y (down).
    """

    center_x: float
    center_y: float
    side: float
    angle: float = 0.0

    def in_picture(
        self, points: Float[Tensor, "*batch 2"], resolution: int
    ) -> Float[Tensor, "*batch 2"]:
        """Return the picture positions of points given in pixels of the crop at `resolution`."""
        offset = ((points + 0.5) / resolution - 0.5) * self.side
        return offset @ self._axes(points) + points.new_tensor([self.center_x, self.center_y])

    def in_crop(
        self, points: Float[Tensor, "*batch 2"], resolution: int
    ) -> Float[Tensor, "*batch 2"]:
        """Return the positions in the crop at `resolution` of points of the picture."""
        offset = points - points.new_tensor([self.center_x, self.center_y])
        return (offset @ self._axes(points).T / self.side + 0.5) * resolution - 0.5

    def scaled(self, factor: float) -> "Crop":
        """Return the crop with the same centre and angle and another side."""
        return Crop(
            center_x=self.center_x,
            center_y=self.center_y,
            side=self.side * factor,
            angle=self.angle,
        )

    def _axes(self, like: Tensor) -> Float[Tensor, "2 2"]:
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return like.new_tensor([[cosine, sine], [-sine, cosine]])


class Pyramid:
    """A picture halved again and again in linear light, so that strong reductions do not alias."""

    def __init__(self, pixels: Float[Tensor, "height width 3"]) -> None:
        self._levels = [pixels.permute(2, 0, 1)[None]]

    @property
    def width(self) -> int:
        """Width of the full picture in pixels."""
        return self._levels[0].shape[3]

    @property
    def height(self) -> int:
        """Height of the full picture in pixels."""
        return self._levels[0].shape[2]

    @property
    def device(self) -> torch.device:
        """Where the picture's pixels lie."""
        return self._levels[0].device

    def sample(
        self, crop: Crop, resolution: int, border: Border
    ) -> Float[Tensor, "resolution resolution 3"]:
        """Return a crop as sRGB in [0, 1], resampled from the level of the nearest scale."""
        level = max(0, round(math.log2(max(crop.side / resolution, 1e-6))))
        while len(self._levels) <= level and min(self._levels[-1].shape[2:]) > 1:
            self._levels.append(_halved(self._levels[-1]))
        level = min(level, len(self._levels) - 1)
        return _sample(self._levels[level], crop, resolution, border, level)


def _halved(image: Float[Tensor, "1 3 height width"]) -> Float[Tensor, "1 3 h w"]:
    height, width = image.shape[2:]
    if height % 2 or width % 2:
        image = functional.pad(image, (0, width % 2, 0, height % 2), mode="replicate")
    # Sums of slices: five times faster than pooling where channels are interleaved.
    rows = image[:, :, 0::2] + image[:, :, 1::2]
    return (rows[..., 0::2] + rows[..., 1::2]) / 4


def _sample(
    image: Float[Tensor, "1 3 height width"],
    crop: Crop,
    resolution: int,
    border: Border,
    level: int,
) -> Float[Tensor, "resolution resolution 3"]:
    steps = torch.arange(resolution, device=image.device, dtype=image.dtype) + 0.5
    offsets = (steps / resolution - 0.5) * (crop.side / 2**level)
    x, y = ((middle + 0.5) / 2**level - 0.5 for middle in (crop.center_x, crop.center_y))
    cosine, sine = math.cos(crop.angle), math.sin(crop.angle)
    reach = float(offsets[-1]) * (abs(cosine) + abs(sine))
    left, right = _touched(x, reach, image.shape[3])
    top, bottom = _touched(y, reach, image.shape[2])
    # Only what is touched: encoding a whole large picture would be wasteful.
    encoded = srgb_from_linear(image[:, :, top:bottom, left:right])
    grid = torch.stack(
        [
            _places(offsets, (cosine, -sine), x - left, right - left),
            _places(offsets, (sine, cosine), y - top, bottom - top),
        ],
        dim=-1,
    )
    mode = "border" if border == "replicate" else "zeros"
    sampled = functional.grid_sample(encoded, grid[None], padding_mode=mode, align_corners=False)
    return sampled[0].permute(1, 2, 0)


def _touched(middle: float, reach: float, size: int) -> tuple[int, int]:
    """Return where the pixels that samples touch start and end along an axis."""
    low = min(max(math.floor(middle - reach) - 1, 0), size - 1)
    high = min(max(math.ceil(middle + reach) + 2, 1), size)
    return low, max(high, low + 1)


def _places(
    offsets: Float[Tensor, " resolution"], turn: tuple[float, float], middle: float, size: int
) -> Float[Tensor, "resolution resolution"]:
    """Return where all samples are along one axis of a window, from -1 to 1 as torch counts.

    A row and a column are added: many times faster than turning every place by a matrix.
    """
    row, column = (offsets * (2 * part / size) for part in turn)
    return row[None, :] + (column + (2 * middle + 1) / size - 1)[:, None]
