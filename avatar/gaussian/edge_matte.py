"""Coverage along a person's outline, told by the colours on its two sides.

A matte network errs by a pixel or two, by another one in every frame, and a splat avatar can only
blur what errs so. Where the background alone is known, the outline is where the picture changes
from the person's colour just inside to it: the matting equation, solved for the coverage along the
line between both colours.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from avatar.gaussian.nearest_pixel import nearest_pixel

_BAND = 0.008
"""How far inside the matte's outline the person is sure to be, in widths; twice that outside."""

_APART = (0.12, 0.3)
"""Difference of person and background, from none of which to all the colours are relied on."""

_ASTRAY = (0.25, 0.6)
"""How far a colour lies off the line between both, in their difference: from all to none."""

_NOISE = 0.1
"""Coverage that noise makes of nothing, and takes from the whole."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """The pixels around an outline, and the person's colour just inside of it for each."""

    band: Bool[Tensor, "height width"]
    inside: Float[Tensor, "height width 3"]


def outline_of(
    picture: Float[Tensor, "height width 3"], matte: Float[Tensor, "height width"]
) -> Outline:
    """Return where the outline may be, and what colours it parts from the background."""
    reach = _BAND * matte.shape[1]
    depths = np.asarray(ndimage.distance_transform_edt((matte > 0.5).numpy()))
    sure = torch.from_numpy(depths > reach)
    if not bool(sure.any()):
        return Outline(band=torch.zeros_like(sure), inside=picture)
    near = nearest_pixel(sure)
    here = torch.stack(
        torch.meshgrid(*(torch.arange(side) for side in matte.shape), indexing="ij"), -1
    )
    distance = (near - here).float().norm(dim=-1)
    weight = sure.float()[None, None]
    total = functional.avg_pool2d((picture.permute(2, 0, 1)[None] * weight), 5, 1, 2)
    mean = (total / functional.avg_pool2d(weight, 5, 1, 2).clamp_min(1e-3))[0].permute(1, 2, 0)
    return Outline(
        band=(distance > 0) & (distance <= 3 * reach), inside=mean[near[..., 0], near[..., 1]]
    )


def edge_matte(
    picture: Float[Tensor, "height width 3"],
    matte: Float[Tensor, "height width"],
    plate: Float[Tensor, "height width 3"],
    outline: Outline,
) -> Float[Tensor, "height width"]:
    """Return the coverage with what the colours say of it along the outline.

    Where person and background look alike, or a pixel like neither, the matte stays.
    """
    apart = outline.inside - plate
    length = apart.norm(dim=-1)
    along = ((picture - plate) * apart).sum(-1) / length.square().clamp_min(1e-4)
    astray = (picture - plate - along[..., None] * apart).norm(dim=-1) / length.clamp_min(1e-2)
    trust = _ramp(length, *_APART) * (1 - _ramp(astray, *_ASTRAY)) * outline.band
    told = ((along - _NOISE) / (1 - 2 * _NOISE)).clamp(0, 1)
    return matte + trust * (told - matte)


def _ramp(values: Tensor, low: float, high: float) -> Tensor:
    return ((values - low) / (high - low)).clamp(0, 1)
