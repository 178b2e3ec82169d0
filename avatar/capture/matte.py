"""Separates a head, hair included, from what is behind it."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from avatar.capture.crop import Crop, Pyramid
from avatar.capture.mesh import crop_around
from avatar.capture.networks import FaceNetworks
from avatar.capture.topology import FACE_OVAL

_RESOLUTION = 256
_SHARP_RESOLUTION = 768
_HEAD_PER_FACE = 2.6
_FEATHER = 0.08
_RADIUS, _NOISE = 4, 2e-4
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


@dataclass(frozen=True, kw_only=True)
class HeadMatte:
    """Coverage in [0, 1] of one head, its hair, neck and shoulders, over the whole picture.

    It fades out towards the border of the square around the head that was looked at, and ends
    where a neighbour's head begins. `confidence` in [0, 1].
    """

    coverage: Float[Tensor, "height width"]
    confidence: float


def head_matte(
    pyramid: Pyramid,
    networks: FaceNetworks,
    points: Float[Tensor, "478 3"],
    neighbours: tuple[Float[Tensor, "4"], ...] = (),
) -> HeadMatte:
    """Return the matte of the head with these points (x, y, depth), in pixels.

    `neighbours` are the boxes of the other faces in the picture. The person segmentation is run on
    the head and on its mirror image, and sharpened along the picture's own edges by a guided filter
    (He, Sun and Tang 2013); the confidence falls where the two runs differ, where most of it is
    undecided, and where the face itself is not covered.
    """
    face = crop_around(points, margin=1.0)
    crop = _head_crop(face)
    picture = pyramid.sample(crop, _RESOLUTION, "replicate")
    (masks,) = networks.segmentation(torch.stack([picture, picture.flip(1)]))
    plain, mirrored = masks[0, ..., 0], masks[1, ..., 0].flip(1)
    inner = _inner_face(points, crop)
    confidence = _confidence(plain, mirrored, inner)
    # What the network is unsure of, a fifth or less, is nearly always background.
    mean = (((plain + mirrored) / 2 - 0.2) / 0.6).clamp(0, 1)
    sharp = _sharpened(mean * _connected(mean, inner), pyramid, crop)
    coverage = _placed(sharp * _feather(sharp), crop, pyramid)
    for box in neighbours:
        coverage = coverage * _nearer(coverage, face, box)
    return HeadMatte(coverage=coverage, confidence=confidence)


def _head_crop(face: Crop) -> Crop:
    # Hair reaches further above the face than the shoulders that matter lie below it.
    center = face.in_picture(torch.tensor([-0.5, -0.5 - 0.12]) + 0.5, 1)
    return Crop(
        center_x=float(center[0]),
        center_y=float(center[1]),
        side=_HEAD_PER_FACE * face.side,
        angle=face.angle,
    )


def _inner_face(points: Float[Tensor, "478 3"], crop: Crop) -> Int[Tensor, "oval 2"]:
    """Return (row, column) in the mask of points just within the face's rim, surely head."""
    oval = crop.in_crop(points[list(FACE_OVAL), :2], _RESOLUTION)
    inside = oval.mean(0) + 0.9 * (oval - oval.mean(0))
    return inside.flip(1).round().long().clamp(0, _RESOLUTION - 1)


def _confidence(
    plain: Float[Tensor, "rows columns"],
    mirrored: Float[Tensor, "rows columns"],
    inner: Int[Tensor, "oval 2"],
) -> float:
    mean = (plain + mirrored) / 2
    area = mean.sum().clamp_min(1)
    disagreement = (plain - mirrored).abs().sum() / area
    undecided = (4 * mean * (1 - mean)).sum() / area
    covered = mean[inner[:, 0], inner[:, 1]].mean()
    return float((covered * (1 - 2 * disagreement - undecided)).clamp(0, 1))


def _connected(
    mask: Float[Tensor, "rows columns"], inner: Int[Tensor, "oval 2"]
) -> Float[Tensor, "rows columns"]:
    """Return 1 on the part of a mask that hangs together with the face and close to it, else 0."""
    labels = cast("tuple[NDArray[np.int32], int]", ndimage.label((mask > 0.5).cpu().numpy()))[0]
    own = set(labels[inner[:, 0].cpu(), inner[:, 1].cpu()].tolist()) - {0}
    region = torch.from_numpy(np.isin(labels, list(own))).to(mask)[None, None]
    reach = _RESOLUTION // 32
    grown = functional.max_pool2d(region, 2 * reach + 1, stride=1, padding=reach)
    return functional.avg_pool2d(grown, 5, stride=1, padding=2, count_include_pad=False)[0, 0]


def _sharpened(
    mask: Float[Tensor, "rows columns"], pyramid: Pyramid, crop: Crop
) -> Float[Tensor, "fine_rows fine_columns"]:
    """Let the mask's edge follow the picture's, at the resolution the picture has.

    A guided filter whose coefficients are found at the mask's resolution and applied at the
    picture's (He and Sun 2015, "Fast guided filter").
    """
    fine = int(min(_SHARP_RESOLUTION, max(crop.side, _RESOLUTION)))
    coarse_guide = pyramid.sample(crop, _RESOLUTION, "replicate").permute(2, 0, 1)[None]
    slope, offset = _guided_filter(coarse_guide, mask[None, None])
    guide = pyramid.sample(crop, fine, "replicate").permute(2, 0, 1)[None]
    slope = functional.interpolate(slope, (fine, fine), mode="bilinear")
    offset = functional.interpolate(offset, (fine, fine), mode="bilinear")
    return ((slope * guide).sum(1, keepdim=True) + offset)[0, 0].clamp(0, 1)


def _guided_filter(
    guide: Float[Tensor, "1 3 rows columns"], values: Float[Tensor, "1 1 rows columns"]
) -> tuple[Float[Tensor, "1 3 rows columns"], Float[Tensor, "1 1 rows columns"]]:
    """Return slope and offset of the values as a locally linear function of the guide's colours."""

    def mean(x: Tensor) -> Tensor:
        padded = functional.pad(x, (_RADIUS,) * 4, mode="replicate")
        return functional.avg_pool2d(padded, 2 * _RADIUS + 1, stride=1)

    guide_mean, value_mean = mean(guide), mean(values)
    products = torch.cat([guide[:, i : i + 1] * guide[:, j : j + 1] for i, j in _PAIRS], 1)
    means = torch.cat([guide_mean[:, i : i + 1] * guide_mean[:, j : j + 1] for i, j in _PAIRS], 1)
    cross = mean(guide * values) - guide_mean * value_mean
    slope = _solved(mean(products) - means, cross)
    offset = value_mean - (slope * guide_mean).sum(1, keepdim=True)
    return mean(slope), mean(offset)


def _solved(
    covariance: Float[Tensor, "1 6 rows columns"],
    cross: Float[Tensor, "1 3 rows columns"],
) -> Float[Tensor, "1 3 rows columns"]:
    """Solve a symmetric 3x3 system per pixel by cofactors, far faster than a general solver."""
    a, b, c, d, e, f = covariance.unbind(1)
    a, d, f = a + _NOISE, d + _NOISE, f + _NOISE
    aa, bb, cc = d * f - e * e, c * e - b * f, b * e - c * d
    dd, ee, ff = a * f - c * c, b * c - a * e, a * d - b * b
    x, y, z = cross.unbind(1)
    solution = [aa * x + bb * y + cc * z, bb * x + dd * y + ee * z, cc * x + ee * y + ff * z]
    return torch.stack(solution, 1) / (a * aa + b * bb + c * cc)[:, None]


def _feather(like: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
    """Return weights that fall to zero over the outermost part of a crop."""
    steps = (torch.arange(len(like), device=like.device) + 0.5) / len(like)
    ramp = (torch.minimum(steps, 1 - steps) / _FEATHER).clamp(0, 1)
    smooth = ramp * ramp * (3 - 2 * ramp)
    return smooth[:, None] * smooth[None, :]


def _placed(
    values: Float[Tensor, "rows columns"], crop: Crop, pyramid: Pyramid
) -> Float[Tensor, "height width"]:
    """Put a crop's values back where the crop was taken, zero outside."""
    out = values.new_zeros(pyramid.height, pyramid.width)
    resolution = len(values)
    corners = values.new_tensor([[0, 0], [1, 0], [0, 1], [1, 1]]) * (resolution - 1)
    corners = crop.in_picture(corners, resolution)
    low, high = corners.amin(0).floor().long(), corners.amax(0).ceil().long() + 1
    left, right = int(low[0].clamp(0, pyramid.width)), int(high[0].clamp(0, pyramid.width))
    top, bottom = int(low[1].clamp(0, pyramid.height)), int(high[1].clamp(0, pyramid.height))
    width, height = right - left, bottom - top
    if width <= 0 or height <= 0:
        return out
    # The map to the crop is affine: three points tell it, and two outer sums apply it.
    basis = torch.tensor([[left, top], [left + 1, top], [left, top + 1]], dtype=torch.float64)
    origin, right, down = (crop.in_crop(basis, resolution) + 0.5) / resolution * 2 - 1
    across, along, origin = (v.to(values) for v in (right - origin, down - origin, origin))
    rows = torch.arange(height, device=values.device, dtype=values.dtype)[:, None, None]
    columns = torch.arange(width, device=values.device, dtype=values.dtype)[:, None]
    grid = origin + columns * across + rows * along
    sampled = functional.grid_sample(values[None, None], grid[None], align_corners=False)
    out[top:bottom, left : left + width] = sampled[0, 0]
    return out


def _nearer(
    like: Float[Tensor, "height width"], face: Crop, box: Float[Tensor, "4"]
) -> Float[Tensor, "height width"]:
    """Return 1 where a pixel is nearer to the face than to a neighbour's box, in face sizes."""
    rows = torch.arange(like.shape[0], device=like.device, dtype=like.dtype)[:, None]
    columns = torch.arange(like.shape[1], device=like.device, dtype=like.dtype)[None, :]
    own = torch.hypot(columns - face.center_x, rows - face.center_y) / face.side
    left, top, right, bottom = box.tolist()
    size = max(right - left, bottom - top)
    other = torch.hypot(columns - (left + right) / 2, rows - (top + bottom) / 2) / size
    return ((other - own) / 0.1 + 0.5).clamp(0, 1)
