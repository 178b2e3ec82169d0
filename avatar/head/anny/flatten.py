"""Flatten triangles with little stretch and never a flip: symmetric Dirichlet energy.

Rabinovich et al., "Scalable Locally Injective Mappings", 2017: each step solves a weighted least
squares problem that pulls every triangle's Jacobian to its nearest rotation, then a line search
that stops before any triangle would turn over.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse
from scipy.sparse.linalg import splu

_PROXIMAL = 1e-6


@dataclass(frozen=True, kw_only=True)
class FlattenProblem:
    """Triangles with flat rest shapes of the wanted size, and which coordinates must stay.

    `rest` holds each triangle's corners in its own plane; `importance` multiplies the triangles'
    areas in the energy; `held` marks the u and v of vertices that keep their start values.
    """

    triangles: Int[np.ndarray, "faces 3"]
    rest: Float[np.ndarray, "faces 3 2"]
    importance: Float[np.ndarray, " faces"]
    held: Bool[np.ndarray, "verts 2"]


def flatten(
    problem: FlattenProblem, start: Float[np.ndarray, "verts 2"], iterations: int
) -> Float[np.ndarray, "verts 2"]:
    """Improve `start`, where no triangle is flipped, by that many steps; none is flipped after."""
    uv = start.copy()
    gradients, areas = _gradients(problem, len(start))
    free = np.flatnonzero(~problem.held.T.ravel())
    for _ in range(iterations):
        jacobians = _jacobians(gradients, uv)
        target = _least_squares_step(gradients, areas, jacobians, uv, free)
        direction = target - uv
        uv = uv + _step_length(gradients, areas, uv, direction) * direction
    return uv


def flat_rest_shapes(
    points: Float[np.ndarray, "faces 3 3"],
) -> Float[np.ndarray, "faces 3 2"]:
    """Lay each triangle in its own plane: first corner at the origin, second along +x."""
    first = points[:, 1] - points[:, 0]
    second = points[:, 2] - points[:, 0]
    length = np.linalg.norm(first, axis=1)
    along = (first * second).sum(1) / length
    across = np.linalg.norm(np.cross(first, second), axis=1) / length
    rest = np.zeros((len(points), 3, 2))
    rest[:, 1, 0] = length
    rest[:, 2, 0] = along
    rest[:, 2, 1] = across
    return rest


def _gradients(
    problem: FlattenProblem, count: int
) -> tuple[tuple[sparse.csr_array, sparse.csr_array], Float[np.ndarray, " faces"]]:
    """Return the maps from vertex values to triangles' x and y derivatives, and their weights."""
    a, b, c = problem.rest.transpose(1, 0, 2)
    double_area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    opposite = np.stack([c - b, a - c, b - a], 1) / double_area[:, None, None]
    rows = np.repeat(np.arange(len(a)), 3)
    columns = problem.triangles.ravel()
    shape = (len(a), count)
    along_x = sparse.csr_array((-opposite[..., 1].ravel(), (rows, columns)), shape=shape)
    along_y = sparse.csr_array((opposite[..., 0].ravel(), (rows, columns)), shape=shape)
    return (along_x, along_y), double_area / 2 * problem.importance


def _jacobians(
    gradients: tuple[sparse.csr_array, sparse.csr_array], uv: Float[np.ndarray, "verts 2"]
) -> Float[np.ndarray, "faces 2 2"]:
    return np.stack([gradient @ uv for gradient in gradients], -1)


def _least_squares_step(
    gradients: tuple[sparse.csr_array, sparse.csr_array],
    areas: Float[np.ndarray, " faces"],
    jacobians: Float[np.ndarray, "faces 2 2"],
    uv: Float[np.ndarray, "verts 2"],
    free: Int[np.ndarray, " free"],
) -> Float[np.ndarray, "verts 2"]:
    """Return the minimiser of the reweighted proxy of the symmetric Dirichlet energy."""
    u, sigma, vt = np.linalg.svd(jacobians)
    rotation = u @ vt
    near_one = np.abs(sigma - 1) < 1e-6
    safe = np.where(near_one, 2.0, sigma)
    ratio = np.where(near_one, 4.0, (safe - safe**-3) / (safe - 1))
    weight = (u * np.sqrt(ratio)[:, None, :]) @ u.transpose(0, 2, 1)
    weight *= np.sqrt(areas)[:, None, None]
    rows = []
    right = []
    for i in range(2):
        for gradient, axis in zip(gradients, range(2), strict=True):
            blocks = [sparse.diags_array(weight[:, i, k]) @ gradient for k in range(2)]
            rows.append(sparse.hstack(blocks))
            right.append((weight[:, i, :] * rotation[:, :, axis]).sum(1))
    system = sparse.csr_array(sparse.vstack(rows))
    now = uv.T.ravel()
    residual = np.concatenate(right) - system @ now
    part = sparse.csc_array(system[:, free])
    normal = part.T @ part
    damping = _PROXIMAL * normal.diagonal().mean()
    normal = sparse.csc_array(normal + damping * sparse.eye_array(len(free)))
    moved = now.copy()
    moved[free] += splu(normal, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(
        part.T @ residual
    )
    return moved.reshape(2, -1).T


def _step_length(
    gradients: tuple[sparse.csr_array, sparse.csr_array],
    areas: Float[np.ndarray, " faces"],
    uv: Float[np.ndarray, "verts 2"],
    direction: Float[np.ndarray, "verts 2"],
) -> float:
    """Return the longest step, halved until the energy falls, that keeps all triangles upright."""
    now, change = _jacobians(gradients, uv), _jacobians(gradients, direction)
    quadratic = np.linalg.det(change)
    linear = (
        now[:, 0, 0] * change[:, 1, 1]
        + now[:, 1, 1] * change[:, 0, 0]
        - now[:, 0, 1] * change[:, 1, 0]
        - now[:, 1, 0] * change[:, 0, 1]
    )
    step = min(1.0, 0.9 * _first_root(quadratic, linear, np.linalg.det(now)))
    before = _energy(now, areas)
    while step > 1e-8 and _energy(now + step * change, areas) >= before:
        step /= 2
    return step if step > 1e-8 else 0.0


def _first_root(
    quadratic: Float[np.ndarray, " faces"],
    linear: Float[np.ndarray, " faces"],
    constant: Float[np.ndarray, " faces"],
) -> float:
    """Return the least positive root of any of the parabolas; infinity if there is none."""
    discriminant = linear**2 - 4 * quadratic * constant
    root = np.sqrt(np.maximum(discriminant, 0))
    # The stable form 2c / (-b -+ sqrt(d)) has no trouble with a vanishing quadratic term.
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.stack([2 * constant / (-linear - root), 2 * constant / (-linear + root)])
    both = both[:, discriminant >= 0]
    positive = both[np.isfinite(both) & (both > 0)]
    return float(positive.min()) if positive.size else float("inf")


def _energy(jacobians: Float[np.ndarray, "faces 2 2"], areas: Float[np.ndarray, " faces"]) -> float:
    determinant = np.linalg.det(jacobians)
    if (determinant <= 0).any():
        return float("inf")
    squared = (jacobians**2).sum((1, 2))
    return float((areas * (squared + squared / determinant**2)).sum())
