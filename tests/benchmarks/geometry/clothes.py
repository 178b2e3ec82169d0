"""A plain garment, so that a bust does not end in the air."""

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.geometry.surface import Surface, smooth_normals

Array = NDArray[np.float64]


def torso(neck: Array, half_width: float, albedo: Array) -> Surface:
    """Return a shoulder-shaped superellipsoid whose top meets `neck` (metres, head frame)."""
    around, along = np.meshgrid(np.linspace(0, 2 * np.pi, 97), np.linspace(0, np.pi, 49))
    x = half_width * _power(np.sin(along), 0.7) * _power(np.cos(around), 0.8)
    y = 0.24 * _power(np.cos(along), 0.6)
    z = 0.5 * half_width * _power(np.sin(along), 0.7) * _power(np.sin(around), 0.8)
    # Shoulders slope: the top falls with the distance from the neck.
    vertices = np.stack([x, y - 0.24 - 0.15 * np.abs(x), z], -1).reshape(-1, 3) + neck
    rows, columns = along.shape
    corner = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    return Surface(
        name="torso",
        vertices=vertices,
        normals=smooth_normals(vertices, faces[:, ::-1]),
        uvs=np.zeros((len(vertices), 2)),
        faces=faces,
        albedo=np.broadcast_to(albedo, (4, 4, 3)).copy(),
        roughness=0.9,
    )


def _power(value: Array, exponent: float) -> Array:
    return np.sign(value) * np.abs(value) ** exponent
