"""Smooth a field over part of a mesh while some of its vertices keep their values."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor


def smoothed_field(
    values: Float[Tensor, "verts channels"],
    faces: Int[Tensor, "faces 3"],
    fixed: Bool[Tensor, " verts"],
    faithfulness: float,
) -> Float[Tensor, "verts channels"]:
    """Return the field that minimises `|L x|^2 + faithfulness |x - values|^2`, `fixed` held.

    L is the mesh's uniform Laplacian, so bends spread over about `faithfulness ** -0.25` edges.
    Vertices without a triangle must be fixed.
    """
    count = len(values)
    ends = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).numpy()
    ones = np.ones(len(ends))
    links = sparse.coo_array((ones, (ends[:, 0], ends[:, 1])), shape=(count, count)).tocsr()
    links = ((links + links.T) > 0).astype(np.float64)
    degree = np.maximum(links.sum(axis=1), 1)
    laplacian = sparse.eye_array(count) - sparse.diags_array(1 / degree) @ links
    system = (laplacian.T @ laplacian + faithfulness * sparse.eye_array(count)).tocsr()
    free = np.flatnonzero(~fixed.numpy())
    held = np.flatnonzero(fixed.numpy())
    known = values.double().numpy()
    right = faithfulness * known[free] - system[free][:, held] @ known[held]
    result = known.copy()
    result[free] = splu(system[free][:, free].tocsc()).solve(right)
    return torch.from_numpy(result).to(values.dtype)
