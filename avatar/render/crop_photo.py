"""The part of a photo that shows the head, at the size of a picture."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.core.camera import Camera
from avatar.render.tone import backdrop, composite


def crop_photo(
    photo: Float[Tensor, "height width 3"],
    camera: Camera,
    vertices: Float[Tensor, "verts 3"],
    size: int,
    margin: float = 0.12,
) -> tuple[Float[Tensor, "size size 3"], Camera]:
    """Return the square around the projected `vertices`, resampled, and the camera of that crop.

    `margin` is the room left on each side, as a share of the square, which is moved to lie inside
    the photo if it can; else a neutral backdrop shows beyond the photo's border. All linear RGB.
    """
    pixels, depths = camera.project(vertices)
    pixels = pixels[depths > 0]
    low, high = pixels.amin(0), pixels.amax(0)
    side = max(8, round(float((high - low).amax()) / (1 - 2 * margin)))
    height, width = photo.shape[:2]
    corner = ((low + high) / 2 - (side - 1) / 2).round().long()
    left, top = _inside(int(corner[0]), width - side), _inside(int(corner[1]), height - side)
    rows = torch.arange(top, top + side, device=photo.device)
    columns = torch.arange(left, left + side, device=photo.device)
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    square = photo[rows.clamp(0, height - 1)][:, columns.clamp(0, width - 1)]
    layers = torch.cat([square, torch.ones_like(square[..., :1])], -1) * inside[..., None]
    resampled = functional.interpolate(
        layers.permute(2, 0, 1)[None],
        size=(size, size),
        mode="bilinear",
        antialias=True,
        align_corners=False,
    )[0].permute(1, 2, 0)
    picture = composite(resampled, backdrop(size, size, photo))
    cropped = camera.cropped(left, top, side, side).resized(size, size)
    return picture, cropped


def _inside(start: int, room: int) -> int:
    """Move the start of a span into [0, room], or leave it where there is no room."""
    return min(max(start, 0), room) if room >= 0 else start
