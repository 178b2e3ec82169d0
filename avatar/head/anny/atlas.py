"""The skin's whole texture layout: the unrolled outside, and small charts in a strip below it."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.head.anny.bust import Bust
from avatar.head.anny.charts import Charts
from avatar.head.anny.crop import HeadCrop
from avatar.head.anny.layout import HalfOutside, half_outside, unroll
from avatar.head.anny.linear_map import apply_map, linear_map
from avatar.head.anny.source import AnnySource

_MARGIN = 0.004
_STRIP_TOP = 0.893
# Left, width of each chart's box in the strip below the outside.
_SOCKET_BOXES = ((0.004, 0.11), (0.122, 0.11))
_MOUTH_BOX = (0.24, 0.24)
_CAP_BOX = (0.488, 0.508)
# Wanted texels per metre, the face's being one.
_DENSITIES = {"eye_left": 1.15, "eye_right": 1.15, "lips": 1.25, "ears": 0.45, "shoulders": 0.24}
_ELSEWHERE = 0.3
_DENSITY_PASSES = 12


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """Texture coordinates of the bust: `uv_quads` of its quads, then of its cap's.

    (0, 0) is the texture's top-left corner, v runs down; the subject's left has u above one half.
    """

    uvs: Float[Tensor, "uvs 2"]
    uv_quads: Int[Tensor, "quads 4"]


def skin_atlas(
    source: AnnySource,
    crop: HeadCrop,
    bust: Bust,
    charts: Charts,
    points: Float[Tensor, "verts 3"],
    regions: dict[str, Bool[Tensor, " verts"]],
) -> Atlas:
    """Lay out the bust's texture; `points` and `regions` are those of the average bust."""
    quads = torch.cat([bust.quads, bust.cap_quads])
    uvs = torch.zeros(len(quads), 4, 2, dtype=torch.float64)
    ids = torch.zeros(len(quads), 4, dtype=torch.long)
    outside = charts.outside.nonzero()[:, 0]
    uvs[outside], ids[outside] = _outside(bust, charts, points, _density(bust, regions))
    offset = 2 * len(points)
    for mask, (left, width) in (
        (charts.socket_right, _SOCKET_BOXES[0]),
        (charts.socket_left, _SOCKET_BOXES[1]),
        (charts.mouth, _MOUTH_BOX),
    ):
        uv = source.uvs[crop.uv_quads[mask]] * torch.tensor([1.0, -1.0])
        uvs[mask.nonzero()[:, 0]] = _fit_box(uv, left, width)
        ids[mask.nonzero()[:, 0]] = offset + crop.uv_quads[mask]
    cap = torch.arange(len(bust.quads), len(quads))
    uvs[cap] = _fit_box(_cap(bust, points)[bust.cap_quads], *_CAP_BOX)
    ids[cap] = offset + len(source.uvs) + bust.cap_quads
    _, first, uv_quads = _unique_rows(ids)
    return Atlas(uvs=uvs.flatten(0, 1)[first], uv_quads=uv_quads)


def _outside(
    bust: Bust,
    charts: Charts,
    points: Float[Tensor, "verts 3"],
    density: Float[Tensor, " verts"],
) -> tuple[Float[Tensor, "outside 4 2"], Int[Tensor, "outside 4"]]:
    """Return the outside quads' coordinates and the names of their texture vertices."""
    quads = bust.quads[charts.outside]
    half = half_outside(points, quads, bust.mirror, bust.rim)
    width, height = 0.5 - _MARGIN, _STRIP_TOP - 2 * _MARGIN
    uv = unroll(points, half, density, (width, height))
    left = torch.stack([0.5 + uv[:, 0], _MARGIN + height - uv[:, 1]], 1)
    right = left[bust.mirror] * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    is_right = points[quads, 0].mean(1) < 0
    shared = _shared_by_halves(half, len(points))
    ids = torch.where(is_right[:, None] & ~shared[quads], quads + len(points), quads)
    return torch.cat([left, right])[ids], ids


def _shared_by_halves(half: HalfOutside, count: int) -> Bool[Tensor, " verts"]:
    shared = torch.zeros(count, dtype=torch.bool)
    shared[torch.from_numpy(half.front)] = True
    return shared


def _density(bust: Bust, regions: dict[str, Bool[Tensor, " verts"]]) -> Float[Tensor, " verts"]:
    """Return the wanted texels per metre, smoothed over the surface."""
    density = torch.full((len(bust.mirror),), _ELSEWHERE, dtype=torch.float64)
    density[regions["face_wide"] | regions["nose"] | regions["eyelids"]] = 1.0
    for name, wanted in _DENSITIES.items():
        density[regions[name]] = wanted
    quads = bust.quads
    rows = torch.cat([quads.flatten(), quads.roll(-1, 1).flatten()])
    columns = torch.cat([quads.roll(-1, 1).flatten(), quads.flatten()])
    count = len(density)
    neighbours = linear_map(rows, columns, torch.ones(len(rows)), (count, count))
    totals = torch.from_numpy(neighbours.sum(1)) + 1
    for _ in range(_DENSITY_PASSES):
        density = (apply_map(neighbours, density[:, None])[:, 0] + density) / totals
    return density


def _cap(bust: Bust, points: Float[Tensor, "verts 3"]) -> Float[Tensor, "verts 2"]:
    """Return the cap's rings as ellipses that shrink evenly towards its middle."""
    flat = torch.zeros(len(points), 2, dtype=torch.float64)
    size = len(bust.rim)
    angle = torch.arange(size) * (2 * torch.pi / size)
    circle = torch.stack([angle.sin(), angle.cos()], 1).double()
    flat[bust.rim] = circle
    for index, ring in enumerate(bust.rings, start=1):
        flat[ring] = circle * (1 - index / (len(bust.rings) + 1))
    return flat


def _fit_box(
    uvs: Float[Tensor, "chart 4 2"], left: float, width: float
) -> Float[Tensor, "chart 4 2"]:
    """Stretch a chart to its box in the strip, turned like the outside (clockwise, v down)."""
    first, second = uvs[:, 1] - uvs[:, 0], uvs[:, 2] - uvs[:, 0]
    area = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).sum()
    if area > 0:
        uvs = uvs * torch.tensor([-1.0, 1.0])
    low, high = uvs.flatten(0, 1).amin(0), uvs.flatten(0, 1).amax(0)
    size = torch.tensor([width, 1 - _MARGIN - _STRIP_TOP], dtype=torch.float64)
    return (uvs - low) / (high - low) * size + torch.tensor([left, _STRIP_TOP])


def _unique_rows(
    ids: Int[Tensor, "quads 4"],
) -> tuple[Int[Tensor, " unique"], Int[Tensor, " unique"], Int[Tensor, "quads 4"]]:
    """Return the distinct names, a flat place where each occurs, and the names' new numbers."""
    names, numbers = ids.unique(return_inverse=True)
    places = torch.zeros(len(names), dtype=torch.long)
    places[numbers.flatten()] = torch.arange(ids.numel())
    return names, places, numbers
