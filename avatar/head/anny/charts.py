"""The texture charts of the bust: which quads belong together."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from avatar.head.anny.crop import HeadCrop
from avatar.head.anny.linear_map import linear_map
from avatar.head.anny.source import AnnySource


@dataclass(frozen=True, kw_only=True)
class Charts:
    """Masks of the cropped head's quads: the outside, the mouth's inside, the two eye sockets.

    Their borders are those of the source's own charts: the inner edges of the lips and of the
    eyelids' margins.
    """

    outside: Bool[Tensor, " quads"]
    mouth: Bool[Tensor, " quads"]
    socket_left: Bool[Tensor, " quads"]
    socket_right: Bool[Tensor, " quads"]


def head_charts(source: AnnySource, crop: HeadCrop) -> Charts:
    """Tell the source's texture islands apart by where they lie."""
    island = _islands(crop.uv_quads, len(source.uvs))
    x = source.vertices[crop.quads, 0]
    left = torch.zeros(len(island), dtype=torch.bool)
    right = left.clone()
    middle: list[Bool[Tensor, " quads"]] = []
    for name in island.unique():
        mask = island == name
        if (x[mask] > 0).all():
            left |= mask
        elif (x[mask] < 0).all():
            right |= mask
        else:
            middle.append(mask)
    on_rim = torch.isin(crop.quads, crop.rim).any(1)
    sizes = [int(mask.sum()) for mask in middle]
    outside = torch.zeros_like(left)
    mouth = torch.zeros_like(left)
    for mask, size in zip(middle, sizes, strict=True):
        if size == max(sizes) or (mask & on_rim).any():
            outside |= mask
        else:
            mouth |= mask
    return Charts(outside=outside, mouth=mouth, socket_left=left, socket_right=right)


def _islands(uv_quads: Int[Tensor, "quads 4"], uv_count: int) -> Int[Tensor, " quads"]:
    rows, columns = uv_quads.flatten(), uv_quads.roll(-1, 1).flatten()
    graph = linear_map(rows, columns, torch.ones(len(rows)), (uv_count, uv_count))
    _, labels = connected_components(graph, directed=False)
    return torch.from_numpy(np.asarray(labels))[uv_quads[:, 0]].long()
