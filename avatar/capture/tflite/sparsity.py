"""Expands TensorFlow Lite's sparse constants to dense arrays.

Source: the schema's `SparsityParameters`: a tensor, cut into blocks, is stored level by level in a
traversal order; each level is dense, or compressed as rows of (segment, index) like CSR.
"""

import numpy as np
from numpy.typing import NDArray

from avatar.capture.tflite.flatbuffer import FlatTable
from avatar.core.errors import ModelError

_INDEX_TYPES = {1: "i4", 2: "u2", 3: "u1"}


def dense_from_sparse(
    values: NDArray[np.generic], shape: list[int], sparsity: FlatTable
) -> NDArray[np.generic]:
    """Return the dense array of `shape` whose stored values are `values`.

    Raises:
        ModelError: a level is of an unknown kind.
    """
    order, block_map = sparsity.integers(0), sparsity.integers(1)
    levels = sparsity.tables(2)
    coordinates = _stored_coordinates(levels)
    if len(coordinates) != len(values):
        raise ModelError("model file: sparse tensor and its index disagree; the file is damaged")
    position = np.zeros((len(values), len(shape)), np.int64)
    block_size = np.ones(len(shape), np.int64)
    for dimension, axis in enumerate(block_map):
        level = order.index(len(shape) + dimension)
        size = levels[level].scalar(1, "i")
        position[:, axis] = coordinates[:, level]
        block_size[axis] = size
    for axis in range(len(shape)):
        position[:, axis] += coordinates[:, order.index(axis)] * block_size[axis]
    dense = np.zeros(shape, values.dtype)
    dense[tuple(position.T)] = values
    return dense


def _stored_coordinates(levels: list[FlatTable]) -> NDArray[np.int64]:
    """Return, for each stored value, its coordinate on every level, in storage order."""
    paths = np.zeros((1, 0), np.int64)
    for level in levels:
        if level.scalar(0, "b") == 0:
            size = level.scalar(1, "i")
            parents = np.repeat(np.arange(len(paths)), size)
            own = np.tile(np.arange(size), len(paths))
        else:
            segments = _indices(level, 2).astype(np.int64)
            own = _indices(level, 4).astype(np.int64)
            parents = np.repeat(np.arange(len(paths)), np.diff(segments))
        paths = np.concatenate([paths[parents], own[:, None]], axis=1)
    return paths


def _indices(level: FlatTable, field: int) -> NDArray[np.generic]:
    kind = level.scalar(field, "B")
    vector = level.table(field + 1)
    if kind not in _INDEX_TYPES or vector is None:
        raise ModelError(f"model file: sparse index type {kind} is not supported")
    return vector.array(0, _INDEX_TYPES[kind])
