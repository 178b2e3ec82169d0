"""Removes path-tracing noise from the light while texture and edges stay as they are."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def denoise(picture: Array, *, albedo: Array, normals: Array, radius: int = 4) -> Array:
    """Return `picture` with its light (picture / albedo) averaged over like-oriented neighbours.

    A joint bilateral filter; weights fall with the difference of normals, albedo and logarithmic
    light. All arrays are (height, width, 3).
    """
    light = (picture / (albedo + 0.02)).astype(np.float32)
    shade = np.log(_box(light, 2).mean(-1, keepdims=True) + 1e-3)
    guide = np.concatenate([normals * 7.0, albedo * 7.0, shade * 5.0], -1).astype(np.float32)
    total = np.zeros_like(light)
    weights = np.zeros((*light.shape[:2], 1), dtype=np.float32)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            difference = np.roll(guide, (dy, dx), (0, 1)) - guide
            apart = np.einsum("hwc,hwc->hw", difference, difference)
            weight = np.exp(-apart - (dy * dy + dx * dx) / (radius * radius))[..., None]
            total += weight * np.roll(light, (dy, dx), (0, 1))
            weights += weight
    return (total / weights * (albedo + 0.02)).astype(np.float64)


def _box(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    shifts = range(-radius, radius + 1)
    rows = np.sum([np.roll(values, shift, 0) for shift in shifts], axis=0)
    return np.sum([np.roll(rows, shift, 1) for shift in shifts], axis=0) / len(shifts) ** 2
