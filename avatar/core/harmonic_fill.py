"""The smoothest field over a mesh that agrees with what is known of it."""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse.linalg import spsolve
from torch import Tensor


def harmonic_fill(
    values: Float[Tensor, "verts channels"],
    confidence: Float[Tensor, " verts"],
    faces: Int[Tensor, "faces 3"],
    smoothness: float = 1.0,
) -> Float[Tensor, "verts channels"]:
    """Return the smoothest field over the mesh that agrees with `values` where they are sure.

    Minimises `sum c_v |x_v - values_v|^2 + smoothness * sum_edges |x_a - x_b|^2` (a screened
    Laplace equation on the mesh graph). `confidence` lies in [0, 1]; a connected piece of the
    mesh without any confident vertex takes the average of all confident ones.
    """
    used = torch.zeros(len(values), dtype=torch.bool)
    used[faces.reshape(-1)] = True
    laplacian = graph_laplacian(faces, len(values))
    sure = confidence.double().numpy()
    total = max(float(sure.sum()), 1e-12)
    mean = (values.double().numpy() * sure[:, None]).sum(0) / total
    # A whisper of the mean everywhere keeps pieces that no data reach solvable.
    whisper = np.where(used.numpy(), 1e-7, 1.0)
    system = sparse.diags(sure + whisper) + smoothness * laplacian
    right = values.double().numpy() * sure[:, None] + whisper[:, None] * mean
    solved = spsolve(system.tocsc(), right)
    return torch.from_numpy(np.asarray(solved)).reshape(values.shape).to(values)


def graph_laplacian(faces: Int[Tensor, "faces 3"], count: int) -> sparse.csr_matrix:
    """Return the graph Laplacian of the mesh's edges, (count, count)."""
    corners = faces.numpy()
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    ones = np.ones(len(edges))
    adjacency = sparse.coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    adjacency = (adjacency + adjacency.T).tocsr()
    return (sparse.diags(np.asarray(adjacency.sum(1)).ravel()) - adjacency).tocsr()
