"""From texels to vertices and to the other side of the face: what completing a texture needs."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.maps.texels import Texels

MIRROR_TOLERANCE = 0.0015
"""How far (metres, on the template) a texel may lie from the mirrored point it stands for."""


def vertex_averages(
    texels: Texels, values: Float[Tensor, "texels channels"], weights: Float[Tensor, " texels"]
) -> tuple[Float[Tensor, "verts channels"], Float[Tensor, " verts"]]:
    """Average texel values into the vertices around them.

    Returns the averages and the summed weights; vertices without weight average to zero.
    """
    count = int(texels.corners.max()) + 1
    sums = values.new_zeros(count, values.shape[1])
    total = values.new_zeros(count)
    for corner in range(3):
        share = texels.barycentrics[:, corner] * weights
        sums.index_add_(0, texels.corners[:, corner], values * share[:, None])
        total.index_add_(0, texels.corners[:, corner], share)
    return sums / total.clamp_min(1e-9)[:, None], total


def mirror_texels(
    texels: Texels,
    template: Float[Tensor, "verts 3"],
    wanted: Bool[Tensor, " texels"],
) -> Int[Tensor, " wanted"]:
    """For each wanted texel return the texel that shows the mirrored point of the template.

    Where the charts are laid out symmetrically that is the texel across the middle column; the
    rest, and every texel of an asymmetric layout, are looked up by nearest neighbour in 3D.
    """
    points = texels.interpolate(template)
    flipped = points[wanted] * points.new_tensor([-1.0, 1.0, 1.0])
    position = torch.full((texels.size * texels.size,), -1)
    position[texels.index] = torch.arange(len(texels.index))
    row, column = texels.index[wanted] // texels.size, texels.index[wanted] % texels.size
    across = position[row * texels.size + texels.size - 1 - column]
    distance = (points[across.clamp_min(0)] - flipped).norm(dim=-1)
    astray = (across < 0) | (distance > MIRROR_TOLERANCE)
    if bool(astray.any()):
        across[astray] = _nearest(points, flipped[astray])
    return across


def _nearest(
    points: Float[Tensor, "points 3"], queries: Float[Tensor, "queries 3"]
) -> Int[Tensor, " queries"]:
    from scipy.spatial import KDTree  # noqa: PLC0415 - scipy.spatial is slow to import

    # A tenth of a large texture's texels still lie closer together than a millimetre.
    step = max(1, len(points) // 200_000)
    tree = KDTree(points[::step].numpy())
    nearest = tree.query(queries.numpy(), workers=-1)[1]
    return torch.from_numpy(np.asarray(nearest, dtype=np.int64)) * step
