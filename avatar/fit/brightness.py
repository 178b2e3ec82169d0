"""A photo's log brightness around the face, blurred to a scale, with its slope."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.camera import Camera
from avatar.core.material import LUMINANCE
from avatar.fit.state import PhotoState
from avatar.ops.rasterize_mesh import rasterize_mesh

FLOOR = 0.01
"""Added to linear luminance before the logarithm, about the noise of a camera's shadows."""


@dataclass(frozen=True, kw_only=True)
class Brightness:
    """Log luminance of a crop whose pixels are `scale` (x, y) photo pixels wide and high.

    `layers` are the value and its derivatives by x and y of the photo, per photo pixel. The crop's
    top left corner (not the centre of its first pixel) is at `corner` in the photo.
    """

    layers: Float[Tensor, "3 height width"]
    corner: tuple[float, float]
    scale: tuple[float, float]

    def at(
        self, positions: Float[Tensor, "points 2"]
    ) -> tuple[Float[Tensor, " points"], Float[Tensor, "points 2"]]:
        """Return value and slope at photo positions, bilinearly; the border continues outside."""
        height, width = self.layers.shape[1:]
        place = (positions - positions.new_tensor(self.corner)) / positions.new_tensor(self.scale)
        grid = place / place.new_tensor([width, height]) * 2 - 1
        sampled = functional.grid_sample(
            self.layers[None], grid[None, None], align_corners=False, padding_mode="border"
        )[0, :, 0]
        return sampled[0], sampled[1:].T


def with_slope(
    value: Float[Tensor, "height width"], corner: tuple[float, float], scale: tuple[float, float]
) -> Brightness:
    """Return values of a crop with their central differences, per photo pixel."""
    padded = functional.pad(value[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    slope_x = (padded[1:-1, 2:] - padded[1:-1, :-2]) / (2 * scale[0])
    slope_y = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / (2 * scale[1])
    return Brightness(layers=torch.stack([value, slope_x, slope_y]), corner=corner, scale=scale)


@dataclass(frozen=True, kw_only=True)
class FaceCrop:
    """Log luminance around a face, resampled, and which pixels show the fitted face.

    Blurring within the face alone keeps the background and the hair out of the skin's brightness.
    """

    value: Float[Tensor, "height width"]
    mask: Float[Tensor, "height width"]
    corner: tuple[float, float]
    scale: tuple[float, float]
    pixels_per_metre: float

    def fine_part(self, blur: float, wide_blur: float) -> Brightness:
        """Return the brightness blurred by `blur` metres less that blurred by `wide_blur`.

        Both blurs stay within the face.
        """
        per_pixel = self.pixels_per_metre / (0.5 * (self.scale[0] + self.scale[1]))
        value = masked_blur(self.value, self.mask, blur * per_pixel)
        value = value - masked_blur(self.value, self.mask, wide_blur * per_pixel)
        return with_slope(value, self.corner, self.scale)


@dataclass(frozen=True, kw_only=True)
class FaceTriangles:
    """A posed head: all triangles that hide others, and which of them are of the face."""

    vertices: Float[Tensor, "verts 3"]
    faces: Int[Tensor, "faces 3"]
    is_face: Bool[Tensor, " faces"]

    def seen_by(self, camera: Camera) -> Float[Tensor, "height width"]:
        """Return 1 where a camera sees the face, but for a pixel along its border, else 0."""
        places, depths = camera.project(self.vertices)
        seen = rasterize_mesh(places, depths, self.faces, camera.height, camera.width).triangles
        shown = ((seen >= 0) & self.is_face[seen.clamp_min(0)]).float()
        return -functional.max_pool2d(-shown[None, None], 3, stride=1, padding=1)[0, 0]


def face_crop(
    seen: Observation, photo: PhotoState, triangles: FaceTriangles, pixel: float
) -> FaceCrop:
    """Return the face's surroundings at `pixel` metres a pixel; small photos are enlarged.

    The crop is the face's box enlarged by half. The mask are the triangles of the face that
    nothing hides.
    """
    pixels_per_metre = float(photo.focal / photo.camera_from_head.translation[2])
    scale = max(pixel * pixels_per_metre, 0.25)
    box = seen.box.tolist()
    margin = 0.25 * max(box[2] - box[0], box[3] - box[1])
    left, top = max(0, int(box[0] - margin)), max(0, int(box[1] - margin))
    right = min(seen.photo.width, math.ceil(box[2] + margin) + 1)
    bottom = min(seen.photo.height, math.ceil(box[3] + margin) + 1)
    crop = seen.photo.pixels[top:bottom, left:right]
    luminance = crop @ crop.new_tensor(LUMINANCE)
    height = max(4, round(luminance.shape[0] / scale))
    width = max(4, round(luminance.shape[1] / scale))
    small = functional.interpolate(
        luminance[None, None], size=(height, width), mode="bilinear", antialias=True
    )[0, 0]
    camera = photo.camera.cropped(left, top, right - left, bottom - top).resized(width, height)
    return FaceCrop(
        value=(small + FLOOR).log(),
        mask=triangles.seen_by(camera),
        corner=(left - 0.5, top - 0.5),
        scale=((right - left) / width, (bottom - top) / height),
        pixels_per_metre=pixels_per_metre,
    )


def masked_blur(
    values: Float[Tensor, "height width"], mask: Float[Tensor, "height width"], deviation: float
) -> Float[Tensor, "height width"]:
    """Return values blurred within a mask (normalised convolution; Knutsson and Westin 1993)."""
    weight = gaussian_blur(mask, deviation)
    middle = (values * mask).sum() / mask.sum().clamp_min(1)
    # Far outside the mask there is nothing to average: the face's mean keeps numbers sane.
    return (gaussian_blur((values - middle) * mask, deviation) / (weight + 1e-3)) + middle


def gaussian_blur(
    values: Float[Tensor, "height width"], deviation: float
) -> Float[Tensor, "height width"]:
    """Return values blurred by a Gaussian of that standard deviation in pixels."""
    if deviation < 0.3:
        return values
    reach = math.ceil(3 * deviation)
    offsets = torch.arange(-reach, reach + 1, dtype=values.dtype, device=values.device)
    kernel = (-(offsets**2) / (2 * deviation**2)).exp()
    kernel = kernel / kernel.sum()
    padded = functional.pad(values[None, None], (reach, reach, reach, reach), mode="replicate")
    rows = functional.conv2d(padded, kernel[None, None, None, :])
    return functional.conv2d(rows, kernel[None, None, :, None])[0, 0]
