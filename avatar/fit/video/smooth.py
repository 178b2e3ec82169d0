"""Smooths a fitted performance without lag, as far as the frames leave it open.

Each frame's fit z with its information H is a measurement of the true curve x, which has small
accelerations, seldom large ones:

    minimise  1/2 sum_t (x_t - z_t)' K H_t K (x_t - z_t)  +  sum rho(acceleration / deviation)

with Cauchy's rho by group of coefficients, so that blinks and plosives keep their speed. `K` is
below 1 because neighbouring landmarks err together. Solved as one banded system, reweighted.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from torch import Tensor

from avatar.core.transform import (
    Transform,
    matrix_from_rotation_vector,
    rotation_vector_from_matrix,
)
from avatar.fit.state import POSE_SIZE
from avatar.fit.video.track import EXPRESSION_GROUPS

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SmoothOptions:
    """Standard deviations of accelerations a second squared, and how far landmarks are trusted.

    Frames further apart than `gap` seconds have nothing to do with each other.
    """

    rotation: float = 3.0
    translation: float = 0.3
    lids: float = 30.0
    looks: float = 30.0
    mouth: float = 20.0
    face: float = 8.0
    trust_pose: float = 0.1
    trust_expression: float = 0.5
    rounds: int = 4
    gap: float = 0.2
    window: int = 400


def smooth_curves(
    times: Float[Tensor, " frames"],
    curves: Float[Tensor, "frames 58"],
    information: Float[Tensor, "frames 58 58"],
    options: SmoothOptions | None = None,
) -> Float[Tensor, "frames 58"]:
    """Return smooth curves of rotation vector, translation and expression; long ones in windows."""
    options = options or SmoothOptions()
    result = curves.clone()
    breaks = (times.diff() > options.gap).nonzero()[:, 0] + 1
    edges = [0, *breaks.tolist(), len(times)]
    margin = options.window // 8
    for start, end in pairwise(edges):
        for left in range(start, end, options.window):
            right = min(left + options.window, end)
            low, high = max(start, left - margin), min(end, right + margin)
            if high - low < 3:
                continue
            part = _smoothed(
                times[low:high].double().numpy(),
                curves[low:high].double().numpy(),
                information[low:high].double().numpy(),
                options,
            )
            result[left:right] = torch.from_numpy(part[left - low : right - low]).to(curves)
    return result


def poses_to_vectors(
    camera_from_head: Transform,
) -> tuple[Float[Tensor, "frames 6"], Float[Tensor, "3 3"]]:
    """Return rotation vectors from the middle rotation with translations, and that rotation."""
    u, _, vt = torch.linalg.svd(camera_from_head.rotation.mean(0))
    middle = u @ torch.diag(torch.tensor([1.0, 1.0, float(torch.det(u @ vt))]).to(u)) @ vt
    turns = rotation_vector_from_matrix(camera_from_head.rotation @ middle.T)
    return torch.cat([turns, camera_from_head.translation], 1), middle


def vectors_to_poses(vectors: Float[Tensor, "frames 6"], middle: Float[Tensor, "3 3"]) -> Transform:
    """Return the poses that `poses_to_vectors` took apart."""
    return Transform(
        rotation=matrix_from_rotation_vector(vectors[:, :3]) @ middle, translation=vectors[:, 3:6]
    )


def _smoothed(times: Array, curves: Array, information: Array, options: SmoothOptions) -> Array:
    frames, size = curves.shape
    deviations, groups = _deviations(options, size)
    weights = _second_differences(times)
    x = curves
    trust = np.full(size, math.sqrt(options.trust_expression))
    trust[:POSE_SIZE] = math.sqrt(options.trust_pose)
    data = information * trust[:, None] * trust
    right = np.einsum("tij,tj->ti", data, curves).ravel()
    for _ in range(options.rounds):
        bend = _apply(weights, x) / deviations
        robust = np.ones((frames - 2, size))
        for group in groups:
            share = (bend[:, group] ** 2).mean(1, keepdims=True)
            robust[:, group] = 1 / (1 + share)
        banded = _banded(data, weights, robust / deviations**2)
        x = solveh_banded(banded, right, lower=True, check_finite=False).reshape(frames, size)
    return x


def _deviations(options: SmoothOptions, size: int) -> tuple[Array, list[Rows]]:
    deviations = np.empty(size)
    deviations[:3], deviations[3:POSE_SIZE] = options.rotation, options.translation
    groups: list[Rows] = [np.arange(3, dtype=np.int64), np.arange(3, POSE_SIZE, dtype=np.int64)]
    for name, members in EXPRESSION_GROUPS.items():
        rows = np.array(members, dtype=np.int64) + POSE_SIZE
        deviations[rows] = getattr(options, name)
        groups.append(rows)
    return deviations, groups


def _second_differences(times: Array) -> Array:
    """Return (frames - 2, 3) weights of the second derivative at uneven times."""
    before, after = np.diff(times)[:-1], np.diff(times)[1:]
    whole = before + after
    return np.stack([2 / (before * whole), -2 / (before * after), 2 / (after * whole)], 1)


def _apply(weights: Array, x: Array) -> Array:
    return weights[:, :1] * x[:-2] + weights[:, 1:2] * x[1:-1] + weights[:, 2:] * x[2:]


def _banded(data: Array, weights: Array, precision: Array) -> Array:
    """Return the lower bands of the normal matrix: data's blocks, and the bending's diagonals."""
    frames, size = len(data), data.shape[1]
    banded = np.zeros((2 * size + 1, frames * size))
    for offset in range(size):
        diagonal = np.zeros((frames, size))
        diagonal[:, : size - offset] = np.diagonal(data, -offset, 1, 2)
        banded[offset] = diagonal.ravel()
    for near in range(3):
        for far in range(near, 3):
            rows = weights[:, near, None] * weights[:, far, None] * precision
            place = np.zeros((frames, size))
            place[near : near + frames - 2] = rows
            banded[(far - near) * size] += place.ravel()
    banded[0] += 1e-9
    return banded
