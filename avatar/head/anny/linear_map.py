"""Sparse linear maps between vertex arrays."""

from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor


def linear_map(
    rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]
) -> sparse.csr_array:
    """Return the sparse matrix of these entries; entries at one place add up."""
    entries = values.numpy().astype(np.float64)
    return sparse.csr_array((entries, (rows.numpy(), columns.numpy())), shape=shape)


def selection(kept: Tensor, count: int) -> sparse.csr_array:
    """Return the map that picks rows `kept` out of `count`."""
    return linear_map(torch.arange(len(kept)), kept, torch.ones(len(kept)), (len(kept), count))


def apply_map(
    matrix: sparse.csr_array, values: Float[Tensor, "source ..."]
) -> Float[Tensor, "target ..."]:
    """Return `matrix @ values` along the first axis."""
    flat = torch.from_numpy(matrix @ values.flatten(1).numpy())
    return flat.unflatten(1, values.shape[1:])


def size_of(matrix: sparse.csr_array) -> tuple[int, int]:
    """Return the numbers of rows and columns."""
    # The type declares a shape of None, which only unfinished matrices have.
    return cast("tuple[int, int]", matrix.shape)
