"""Mattes mended by what is known to stand behind the person, for a camera that stands still.

A matte network confuses what is behind the shoulders with clothes now here, now there. Over a
video nearly every such place is seen free at some time: that picture of the background alone, the
clean plate, tells person from background, and lets its colour be taken out of blurred edges.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

PLATE_FRAMES = 48
"""Frames the plate is made from, at most."""

_FREE = 64
"""Matte, of 255, below which a pixel shows the background."""

_LEAST_FREE = 3
"""Frames that must show a pixel free."""

_ALIKE = 0.08
"""Difference from the plate (largest channel, of 1) up to which a pixel may be background."""

_PATCH = 0.009
"""Radius of the smallest patch that is taken away, in widths: hair is alike in spots only."""

_REACH = 0.06
"""How far inside the matte's outline background may still be found, in widths of the picture."""


def clean_mattes(
    pictures: UInt8[Tensor, "frames height width 3"], mattes: UInt8[Tensor, "frames height width"]
) -> None:
    """Take out of mattes, in place, what of the background they took for the person.

    Pictures lose what shines through of it. Where the background was never seen free nothing
    changes.
    """
    plate, known = clean_plate(pictures, mattes)
    if not bool(known.any()):
        return
    for picture, matte in zip(pictures, mattes, strict=True):
        own, new = _cleaned(picture.float() / 255, matte.float() / 255, plate, known)
        picture.copy_((255 * own).round())
        matte.copy_((255 * new).round())


def clean_plate(
    pictures: UInt8[Tensor, "frames height width 3"], mattes: UInt8[Tensor, "frames height width"]
) -> tuple[Float[Tensor, "height width 3"], Bool[Tensor, "height width"]]:
    """Return the background, the median of what frames show free, and where it is known."""
    chosen = torch.linspace(0, len(pictures) - 1, min(len(pictures), PLATE_FRAMES)).long().unique()
    free = mattes[chosen] < _FREE
    # An edge's blur reaches a few pixels into what counts as free.
    near = torch.cat([functional.max_pool2d((~one)[None].float(), 5, 1, 2) > 0 for one in free])
    plate = torch.zeros(pictures.shape[1:])
    for row in range(len(plate)):
        seen = pictures[chosen, row].float() / 255
        seen = torch.where(near[:, row, :, None], torch.nan, seen)
        plate[row] = seen.nanmedian(0).values.nan_to_num(0.0)
    return plate, (~near).sum(0) >= _LEAST_FREE


def _cleaned(
    picture: Float[Tensor, "height width 3"],
    matte: Float[Tensor, "height width"],
    plate: Float[Tensor, "height width 3"],
    known: Bool[Tensor, "height width"],
) -> tuple[Float[Tensor, "height width 3"], Float[Tensor, "height width"]]:
    apart = functional.avg_pool2d(
        (picture - plate).permute(2, 0, 1)[None], 3, 1, 1, count_include_pad=False
    )[0]
    width = matte.shape[1]
    distances = np.asarray(ndimage.distance_transform_edt((matte > 0.5).numpy()))
    near = torch.from_numpy(distances).float() < _REACH * width
    alike = known & near & (apart.abs().amax(0) < _ALIKE)
    free = _opened(alike, max(1, round(_PATCH * width))).float()[None, None]
    kept = 1 - functional.avg_pool2d(free, 3, 1, 1, count_include_pad=False)[0, 0]
    new = matte * kept
    # The matting equation, solved for the person's own colour.
    mixed = known & (new > 0.02)
    own = (picture - (1 - new)[..., None] * plate) / new.clamp_min(0.02)[..., None]
    own = torch.where(mixed[..., None], own.clamp(0, 1), picture)
    return own, new


def _opened(mask: Bool[Tensor, "height width"], radius: int) -> Bool[Tensor, "height width"]:
    """Return what of a mask holds a square of that radius."""
    side = 2 * radius + 1

    def grown(values: Tensor) -> Tensor:
        return functional.max_pool2d(values[None, None], side, 1, radius)[0, 0]

    kept = 1 - grown((~mask).float())
    return grown(kept) > 0.5
