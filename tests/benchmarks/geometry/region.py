"""Which truth vertices are measured: the narrow face, as far as it can be seen from outside."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from avatar.ops.rasterize_mesh import rasterize_mesh

Array = NDArray[np.float64]


def seen_from_front(vertices: Array, faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the vertices that a distant viewer within 40 degrees of the front sees.

    Leaves out nostrils, the inner sides of lips and lids, and what lies behind the ears.
    """
    seen = np.zeros(len(vertices), dtype=bool)
    for yaw in np.radians([-40, 0, 40]):
        for pitch in np.radians([-30, 0, 30]):
            seen |= _seen_along(vertices, faces, yaw, pitch)
    return seen


def _seen_along(
    vertices: Array, faces: NDArray[np.int64], yaw: float, pitch: float
) -> NDArray[np.bool_]:
    towards = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    right = np.cross([0, 1.0, 0], towards)
    right /= np.linalg.norm(right)
    up = np.cross(towards, right)
    pixels = np.stack([vertices @ right, -(vertices @ up)], 1)
    pixels = (pixels - pixels.min(0)) * (760 / np.ptp(pixels, axis=0).max()) + 4
    depth = 10.0 - vertices @ towards
    fragments = rasterize_mesh(
        torch.from_numpy(pixels).float(),
        torch.from_numpy(depth).float(),
        torch.from_numpy(faces),
        768,
        768,
    )
    column, row = pixels.round().astype(int).T
    nearest = fragments.depths.numpy()[row, column]
    slack = 0.004 * np.ptp(vertices, axis=0).max()
    return depth < nearest + slack


def region_like(
    vertices: Array, other: Array, region: NDArray[np.bool_], reach: float
) -> NDArray[np.bool_]:
    """Return the vertices nearest to another, aligned head's region, within reach."""
    distance, nearest = cKDTree(other).query(vertices)
    return region[nearest] & (distance < reach)
