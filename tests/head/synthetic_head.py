"""A head of spheres, in metres, to stand in for models that cannot be shipped with the tests."""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray

EYE_CENTRES = np.array([[0.032, 0.0, 0.0], [-0.032, 0.0, 0.0]])
EYE_RADIUS = 0.012


@dataclass(frozen=True, kw_only=True)
class SphereHead:
    """A skin and two eyeballs, `piece` 0, 1 (left) and 2 (right) of each vertex."""

    vertices: ndarray
    faces: ndarray
    piece: ndarray


def sphere(rows: int, columns: int) -> tuple[ndarray, ndarray]:
    """Return a closed unit sphere of rows * columns + 2 vertices, wound outwards, poles along y."""
    polar = np.pi * (np.arange(rows) + 1) / (rows + 1)
    around = 2 * np.pi * np.arange(columns) / columns
    ring = np.stack([np.sin(around), np.zeros_like(around), np.cos(around)], -1)
    points = [[0.0, 1.0, 0.0]]
    for angle in polar:
        points += (ring * np.sin(angle) + [0.0, np.cos(angle), 0.0]).tolist()
    points.append([0.0, -1.0, 0.0])
    step = np.arange(columns)
    after = np.roll(step, -1)
    faces = [np.stack([np.zeros_like(step), 1 + step, 1 + after], -1)]
    for row in range(rows - 1):
        start, below = 1 + row * columns, 1 + (row + 1) * columns
        faces.append(np.stack([start + step, below + step, below + after], -1))
        faces.append(np.stack([start + step, below + after, start + after], -1))
    last = 1 + (rows - 1) * columns
    bottom = np.full_like(step, rows * columns + 1)
    faces.append(np.stack([last + step, bottom, last + after], -1))
    return np.array(points), np.concatenate(faces)


def sphere_head(
    skin: tuple[int, int] = (16, 20), eye: tuple[int, int] = (7, 10), extra: int = 0
) -> SphereHead:
    """Return a head whose eyes' middle is the origin; `extra` skin vertices split triangles."""
    points, faces = sphere(*skin)
    points = points * [0.08, 0.12, 0.09] + [0.0, -0.03, -0.07]
    for index in range(extra):
        a, b, c = faces[3 * index]
        points = np.concatenate([points, points[[a, b, c]].mean(0, keepdims=True)])
        new = len(points) - 1
        faces = np.concatenate([faces, [[b, c, new], [c, a, new]]])
        faces[3 * index] = [a, b, new]
    ball, ball_faces = sphere(*eye)
    pieces = [points, *(ball * EYE_RADIUS + centre for centre in EYE_CENTRES)]
    starts = np.cumsum([0, *(len(piece) for piece in pieces)])
    return SphereHead(
        vertices=np.concatenate(pieces),
        faces=np.concatenate([faces, ball_faces + starts[1], ball_faces + starts[2]]),
        piece=np.repeat(np.arange(3), [len(piece) for piece in pieces]),
    )


def averages(masks: list[ndarray]) -> ndarray:
    """Return regressor rows that average each mask's vertices."""
    return np.stack([mask / mask.sum() for mask in masks])
