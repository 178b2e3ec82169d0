"""The NoW protocol: how far a reconstructed face is from a scan, in millimetres.

Sanyal et al., "Learning to Regress 3D Face Shape and Expression from an Image without 3D
Supervision" (CVPR 2019): the reconstruction is brought to the scan by a similarity from landmarks,
refined by minimising scan-to-surface distances, and the distances of the scan's face vertices to
the reconstructed surface are what is reported.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]
INNER = slice(17, 68)
"""The landmarks of brows, nose, eyes and mouth among the iBUG 68."""


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """`x -> scale * x @ rotation.T + translation`."""

    scale: float
    rotation: Array
    translation: Array

    def apply(self, points: Array) -> Array:
        """Move points (n, 3)."""
        return self.scale * points @ self.rotation.T + self.translation


def now_error(
    truth_vertices: Array,
    truth_landmarks: Array,
    region: NDArray[np.bool_],
    fitted_vertices: Array,
    fitted_faces: NDArray[np.int64],
    fitted_landmarks: Array,
) -> Array:
    """Return the distances in mm of the truth's region vertices to the aligned fitted surface.

    Args:
        truth_vertices: (n, 3), metres; the scale the distances are measured in.
        truth_landmarks: (68, 3) iBUG points of the truth; only the inner 51 are used.
        region: (n,) the vertices measured.
        fitted_vertices: (m, 3), any scale.
        fitted_faces: (f, 3) triangles of the skin.
        fitted_landmarks: (68, 3) iBUG points of the fit.
    """
    targets = truth_vertices[region]
    move = similarity(fitted_landmarks[INNER], truth_landmarks[INNER])
    # Most rounds on a subset, for speed; the last ones on all vertices.
    for subset, rounds in ((targets[::6], 40), (targets, 2)):
        for _ in range(rounds):
            surface = Surface(move.apply(fitted_vertices), fitted_faces, subset)
            nearest = surface.closest(subset)
            step = similarity(nearest, subset)
            move = _compose(step, move)
            if np.abs(step.apply(nearest) - nearest).max() < 2e-6:
                break
    surface = Surface(move.apply(fitted_vertices), fitted_faces, targets)
    return 1000 * np.linalg.norm(surface.closest(targets) - targets, axis=1)


def similarity(source: Array, target: Array) -> Similarity:
    """Return the least-squares similarity from points to points (Umeyama 1991)."""
    source_mean, target_mean = source.mean(0), target.mean(0)
    a, b = source - source_mean, target - target_mean
    u, singular, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum() / (a**2).sum())
    return Similarity(
        scale=scale,
        rotation=rotation,
        translation=target_mean - scale * rotation @ source_mean,
    )


class Surface:
    """Triangles prepared for closest-point queries near some points.

    Triangles are split to about equal size, and the closest point of the 16 nearest ones is taken:
    on faces that is the closest point of all, to a micrometre.
    """

    def __init__(self, vertices: Array, faces: NDArray[np.int64], near: Array) -> None:
        low, high = near.min(0) - 0.03, near.max(0) + 0.03
        corners = vertices[faces]
        inside = ((corners > low) & (corners < high)).all(-1).any(-1)
        self._corners = _small(corners[inside] if inside.any() else corners)
        self._tree = cKDTree(self._corners.mean(1))

    def closest(self, points: Array) -> Array:
        """Return the point of the surface closest to each point (n, 3)."""
        _, rows = self._tree.query(points, min(16, len(self._corners)))
        candidates = _closest_on_triangles(
            points[:, None], self._corners[rows.reshape(len(points), -1)]
        )
        squared = ((candidates - points[:, None]) ** 2).sum(-1)
        return candidates[np.arange(len(points)), squared.argmin(1)]


def _reaches(corners: Array) -> Array:
    return np.linalg.norm(corners - corners.mean(1)[:, None], axis=-1).max(1)


def _small(corners: Array, size: float = 0.002) -> Array:
    """Return the same surface in triangles that reach at most `size` from their centres."""
    done = []
    while len(corners):
        large = _reaches(corners) > size
        done.append(corners[~large])
        a, b, c = np.moveaxis(corners[large], 1, 0)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        quarters = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        corners = np.concatenate([np.stack(quarter, 1) for quarter in quarters])
    return np.concatenate(done)


def _closest_on_triangles(points: Array, corners: Array) -> Array:
    """Return the closest point of each triangle (..., 3, 3) to each point (..., 3)."""
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    normal = np.cross(b - a, c - a)
    length = (normal**2).sum(-1, keepdims=True).clip(1e-30)
    foot = points - ((points - a) * normal).sum(-1, keepdims=True) / length * normal
    inside = np.ones(points.shape[:-1] if points.ndim > a.ndim else a.shape[:-1], dtype=bool)
    best = np.broadcast_to(a, foot.shape).copy()
    nearest = np.full(best.shape[:-1], np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        edge = end - start
        inside = inside & ((np.cross(edge, foot - start) * normal).sum(-1) >= 0)
        along = ((points - start) * edge).sum(-1) / (edge**2).sum(-1).clip(1e-30)
        candidate = start + along.clip(0, 1)[..., None] * edge
        squared = ((candidate - points) ** 2).sum(-1)
        closer = squared < nearest
        best = np.where(closer[..., None], candidate, best)
        nearest = np.where(closer, squared, nearest)
    return np.where(inside[..., None], foot, best)


def _compose(after: Similarity, before: Similarity) -> Similarity:
    return Similarity(
        scale=after.scale * before.scale,
        rotation=after.rotation @ before.rotation,
        translation=after.apply(before.translation[None])[0],
    )
