"""The head's small skeleton: root at the collar, neck, head, two eyes."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.head.anny.source import AnnySource

JOINT_NAMES = ("root", "neck", "head", "eye_left", "eye_right")
PARENTS = (-1, 0, 1, 2, 2)
_CUBES = ("joint-neck", "joint-head", "joint-l-eye", "joint-r-eye")
_BODY_BONES = ("root", "spine", "pelvis", "clavicle", "shoulder", "breast", "upperarm")
_SHRINKAGE = 0.1


@dataclass(frozen=True, kw_only=True)
class JointFit:
    """How a joint follows from vertices of the head: `weights` sum to one over `vertices`."""

    vertices: Int[Tensor, " support"]
    weights: Float[Tensor, " support"]


def source_joint_cubes(source: AnnySource) -> Int[Tensor, "4 8"]:
    """Return the source vertices of the cubes whose centres are all joints but the root."""
    return torch.stack([source.group(name).vertices for name in _CUBES])


def fit_joint(
    positions: Float[Tensor, "shapes 3"],
    points: Float[Tensor, "shapes support 3"],
    vertices: Int[Tensor, " support"],
) -> JointFit:
    """Express a joint by vertices near it, so that it follows them through all shapes.

    `positions` and `points` hold the mean first, then the modes (displacements). Ridge regression
    towards equal weights, with the sum held at one.
    """
    count = len(vertices)
    start = torch.full((count,), 1 / count, dtype=points.dtype)
    rows = points.transpose(1, 2).flatten(0, 1)
    gap = (positions - torch.einsum("svc,v->sc", points, start)).flatten()
    # Corrections to the equal weights that leave the sum alone.
    free = torch.eye(count, dtype=points.dtype) - 1 / count
    design = rows @ free
    normal = design.T @ design
    ridge = _SHRINKAGE * normal.diagonal().mean() * torch.eye(count, dtype=points.dtype)
    correction = free @ torch.linalg.solve(normal + ridge, design.T @ gap)
    return JointFit(vertices=vertices, weights=start + correction)


def centre_weights(ball: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
    """Return weights, summing to one, that give the centre of the ball most points lie on.

    The smallest such weights; they give the centre after any affine motion of the points too.
    """
    centre = _centre_of_ball(ball)
    mean = ball.mean(0)
    offsets = ball - mean
    pull = torch.linalg.solve(offsets.T @ offsets, centre - mean)
    return 1 / len(ball) + offsets @ pull


def merged_skin_weights(source: AnnySource) -> Float[Tensor, "source 5"]:
    """Merge MakeHuman's bones into ours: the three neck bones, the head with the face, the rest.

    The jaw and the face move by morph targets alone, so their bones' weights go to the head.
    Helper geometry without weights follows the head.
    """
    names = source.bone_names
    neck = torch.tensor([name.startswith("neck") for name in names])
    body = torch.tensor([name.startswith(_BODY_BONES) for name in names])
    merged = torch.zeros(len(source.vertices), len(JOINT_NAMES), dtype=torch.float64)
    merged[:, 0] = source.skin_weights[:, body].sum(1)
    merged[:, 1] = source.skin_weights[:, neck].sum(1)
    merged[:, 2] = (1 - merged[:, 0] - merged[:, 1]).clamp_min(0)
    return merged


def _centre_of_ball(points: Float[Tensor, "points 3"]) -> Float[Tensor, "3"]:
    """Fit a sphere, drop points off it (a recessed iris), fit again."""
    kept = points
    centre = points.mean(0)
    for _ in range(4):
        rows = torch.cat([2 * kept, torch.ones_like(kept[:, :1])], dim=1)
        squared = (kept**2).sum(1, keepdim=True)
        centre = torch.linalg.lstsq(rows, squared).solution[:3, 0]
        distance = (points - centre).norm(dim=1)
        off = (distance - distance.median()).abs()
        kept = points[off <= torch.maximum(2 * off.median(), points.new_tensor(1e-6))]
    return centre
