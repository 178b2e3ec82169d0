"""Which triangle each pixel sees: a z-buffered mesh rasteriser."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops.native import native_module, native_place, runs_natively
from avatar.ops.perspective import cross, each_view, perspective_barycentrics_reference
from avatar.ops.perspective_native import mesh_arguments

Cull = Literal["none", "back"]

SUBPIXELS = 256
"""Corners are snapped to this fraction of a pixel, so that coverage is decided exactly."""

PIXEL_LIMIT = float(1 << 17)
"""Triangles reaching further from pixel (0, 0) are dropped: exact arithmetic ends there."""

_PAIRS_AT_ONCE = 1 << 21


@dataclass(frozen=True, kw_only=True)
class MeshFragments:
    """What each pixel sees of a mesh, of one view or of several.

    `triangles` are rows of the `faces` rasterised, -1 where there is none; `barycentrics` are
    perspective-correct weights of their corners, each at least 0, summing to 1 (all 0 where there
    is none); `depths` are along the optical axis, in the unit of the input (inf where none).
    """

    triangles: Int[Tensor, "*views height width"]
    barycentrics: Float[Tensor, "*views height width 3"]
    depths: Float[Tensor, "*views height width"]

    @property
    def covered(self) -> Bool[Tensor, "*views height width"]:
        """Return the pixels that see a triangle."""
        return self.triangles >= 0


def rasterize_mesh(
    pixels: Float[Tensor, "*views verts 2"],
    depths: Float[Tensor, "*views verts"],
    faces: Int[Tensor, "faces 3"],
    height: int,
    width: int,
    cull: Cull = "none",
    near: float = 1e-6,
) -> MeshFragments:
    """Return the nearest triangle at the centre of every pixel.

    A pixel on an edge that triangles share belongs to exactly one of them (the top-left rule);
    where two triangles are equally near, the first of `faces` wins. Coverage is decided on
    corners snapped to 1/256 pixel, barycentrics and depths come from the exact ones. Not
    differentiable: gradients flow through `perspective_barycentrics` and `interpolate`.

    Args:
        pixels: vertex positions in the picture, as `Camera.project` gives them: (0, 0) is the
            centre of the top-left pixel. Each of several views (leading axes) gets its own picture.
        depths: their depths along the optical axis, metres.
        faces: triangles; counter-clockwise on screen is the front.
        height: rows of the picture.
        width: columns of the picture.
        cull: "back" leaves out triangles seen from behind.
        near: triangles with a corner at this depth or nearer are dropped, not clipped; so are
            those with a corner that is not finite or 2**17 pixels away.

    Raises:
        OptionError: a shape, index or option that makes no sense.
    """
    _check(pixels, depths, faces, height, width, cull)
    native = native_module()
    if native is None or not runs_natively(pixels, depths, faces):
        return rasterize_mesh_reference(pixels, depths, faces, height, width, cull, near)
    pixels, depths = pixels.detach().contiguous(), depths.detach().contiguous()
    faces = faces.long().contiguous()
    size = *pixels.shape[:-2], height, width
    fragments = MeshFragments(
        triangles=faces.new_empty(size),
        barycentrics=pixels.new_empty(*size, 3),
        depths=pixels.new_empty(size),
    )
    outputs = (fragments.triangles, fragments.barycentrics, fragments.depths)
    with native_place(pixels.device) as place:
        native.rasterize_mesh(
            *mesh_arguments(pixels, depths, faces, (height, width), place),
            cull == "back",
            near,
            [tensor.data_ptr() for tensor in outputs],
        )
    return fragments


@torch.no_grad()
def rasterize_mesh_reference(
    pixels: Float[Tensor, "*views verts 2"],
    depths: Float[Tensor, "*views verts"],
    faces: Int[Tensor, "faces 3"],
    height: int,
    width: int,
    cull: Cull = "none",
    near: float = 1e-6,
) -> MeshFragments:
    """Do what `rasterize_mesh` does, in torch on any device; the definition of the op."""
    _check(pixels, depths, faces, height, width, cull)
    views = pixels.shape[:-2]
    if views:
        each = [
            vars(rasterize_mesh_reference(*view, faces, height, width, cull, near))
            for view in each_view(pixels, depths)
        ]
        stacked = {
            name: torch.stack([view[name] for view in each]).unflatten(0, views) for name in each[0]
        }
        return MeshFragments(**stacked)
    faces = faces.long()
    corners = pixels[faces].double()
    kept = _usable(corners, depths[faces], near).nonzero()[:, 0]
    snapped = (corners[kept] * SUBPIXELS + 0.5).floor()
    doubled_area = _edge(snapped[:, 0], snapped[:, 1], snapped[:, 2])
    facing = doubled_area < 0 if cull == "back" else doubled_area != 0
    kept, snapped, doubled_area = kept[facing], snapped[facing], doubled_area[facing]

    buffer = _DepthBuffer.empty(height * width, pixels.device)
    inverse_depths = 1 / depths[faces[kept]].double()
    low, size = _boxes(snapped, height, width)
    counts = size.prod(-1)
    for chunk in _chunks(counts):
        rows, pixel = _pairs(low[chunk], size[chunk], counts[chunk], width)
        weights = _coverage(snapped[chunk][rows], doubled_area[chunk][rows], pixel, width)
        nearness = (weights * inverse_depths[chunk][rows]).sum(-1)
        inside = nearness > 0
        buffer.insert(pixel[inside], nearness[inside], kept[chunk][rows[inside]])

    triangles = buffer.triangles.reshape(height, width)
    seen = perspective_barycentrics_reference(triangles, pixels, depths, faces)
    barycentrics, pixel_depths = seen
    return MeshFragments(triangles=triangles, barycentrics=barycentrics, depths=pixel_depths)


@dataclass(kw_only=True)
class _DepthBuffer:
    """The nearest triangle so far at each pixel, by the inverse of its depth."""

    nearness: Float[Tensor, " pixels"]
    triangles: Int[Tensor, " pixels"]

    @staticmethod
    def empty(size: int, device: torch.device) -> "_DepthBuffer":
        return _DepthBuffer(
            nearness=torch.zeros(size, dtype=torch.float64, device=device),
            triangles=torch.full((size,), -1, dtype=torch.int64, device=device),
        )

    def insert(
        self,
        pixel: Int[Tensor, " pairs"],
        nearness: Float[Tensor, " pairs"],
        triangle: Int[Tensor, " pairs"],
    ) -> None:
        """Take the pairs nearer than what is there; the triangles come in rising order."""
        before = self.nearness.clone()
        self.nearness.scatter_reduce_(0, pixel, nearness, "amax")
        wins = (nearness == self.nearness[pixel]) & (nearness > before[pixel])
        pixel, triangle = pixel[wins], triangle[wins]
        self.triangles[pixel] = torch.iinfo(torch.int64).max
        self.triangles.scatter_reduce_(0, pixel, triangle, "amin")


def _check(
    pixels: Tensor, depths: Tensor, faces: Tensor, height: int, width: int, cull: str
) -> None:
    if pixels.ndim < 2 or pixels.shape[-1] != 2:
        raise OptionError(
            f"pixels: expected shape (V, 2) or (views, V, 2), got {tuple(pixels.shape)}"
        )
    if not pixels.shape[:-2].numel():
        raise OptionError(f"pixels: expected at least one view, got {tuple(pixels.shape)}")
    if depths.shape != pixels.shape[:-1]:
        raise OptionError(
            f"depths: expected shape {tuple(pixels.shape[:-1])}, got {tuple(depths.shape)}"
        )
    if faces.ndim != 2 or faces.shape[1] != 3:
        raise OptionError(f"faces: expected shape (F, 3), got {tuple(faces.shape)}; triangulate")
    if height < 1 or width < 1:
        raise OptionError(f"height, width: expected at least 1, got {height}, {width}")
    if max(height, width) > PIXEL_LIMIT:
        raise OptionError(f"height, width: expected at most {PIXEL_LIMIT:g}, got {height}, {width}")
    if cull not in ("none", "back"):
        raise OptionError(f"cull: expected 'none' or 'back', got {cull!r}")
    # A GPU's kernels leave out triangles with a wrong index: nothing waits for it here.
    if (
        faces.device.type == "cpu"
        and len(faces)
        and not (faces.min() >= 0 and faces.max() < pixels.shape[-2])
    ):
        raise OptionError(
            f"faces: expected indices of {pixels.shape[-2]} vertices, "
            f"got {int(faces.min())} to {int(faces.max())}"
        )


def _usable(
    corners: Float[Tensor, "faces 3 2"], depths: Float[Tensor, "faces 3"], near: float
) -> Bool[Tensor, " faces"]:
    in_reach = (corners.abs() <= PIXEL_LIMIT).all(-1).all(-1)  # false for NaN
    return in_reach & ((depths > near) & (depths < torch.inf)).all(-1)


def _edge(
    a: Float[Tensor, "points 2"], b: Float[Tensor, "points 2"], point: Float[Tensor, "points 2"]
) -> Float[Tensor, " points"]:
    # Exact: on the snapped grid every product is an integer below 2**53.
    return cross(b - a, point - a)


def _boxes(
    snapped: Float[Tensor, "faces 3 2"], height: int, width: int
) -> tuple[Int[Tensor, "faces 2"], Int[Tensor, "faces 2"]]:
    """Return the first pixel and the size of each triangle's box, cut by the picture."""
    last = torch.tensor([width - 1, height - 1], device=snapped.device)
    low = (snapped.amin(1) / SUBPIXELS).ceil().long().clamp_min(0)
    high = torch.minimum((snapped.amax(1) / SUBPIXELS).floor().long(), last)
    return low, (high - low + 1).clamp_min(0)


def _chunks(counts: Int[Tensor, " faces"]) -> list[slice]:
    """Cut the triangles into runs of about equal numbers of pixels."""
    if not len(counts):
        return []
    runs = (counts.cumsum(0) - counts) // _PAIRS_AT_ONCE
    ends = torch.unique_consecutive(runs, return_counts=True)[1].cumsum(0).tolist()
    return [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _pairs(
    low: Int[Tensor, "faces 2"],
    size: Int[Tensor, "faces 2"],
    counts: Int[Tensor, " faces"],
    width: int,
) -> tuple[Int[Tensor, " pairs"], Int[Tensor, " pairs"]]:
    """Return every pixel of every box: the box's row and the pixel's index in the picture."""
    rows = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
    first = counts.cumsum(0) - counts
    place = torch.arange(len(rows), device=counts.device) - first[rows]
    columns = size[rows, 0]
    y = low[rows, 1] + place // columns
    x = low[rows, 0] + place % columns
    return rows, y * width + x


def _coverage(
    snapped: Float[Tensor, "pairs 3 2"],
    doubled_area: Float[Tensor, " pairs"],
    pixel: Int[Tensor, " pairs"],
    width: int,
) -> Float[Tensor, "pairs 3"]:
    """Return the corner weights of pixels in their triangle, 0 for pixels outside."""
    centre = torch.stack([pixel % width, pixel // width], -1).double() * SUBPIXELS
    a, b, c = snapped.unbind(1)
    turn = doubled_area.sign()
    inside = torch.ones_like(turn, dtype=torch.bool)
    weights: list[Tensor] = []
    for start, end in ((b, c), (c, a), (a, b)):
        edge = _edge(start, end, centre) * turn
        inward = (end - start) * turn[:, None]
        owns = (inward[:, 1] < 0) | ((inward[:, 1] == 0) & (inward[:, 0] > 0))
        inside &= (edge > 0) | ((edge == 0) & owns)
        weights.append(edge)
    return torch.stack(weights, -1) / doubled_area.abs()[:, None] * inside[:, None]
