"""The identity prior: principal components of a population of linear shapes."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.transform import skew


@dataclass(frozen=True, kw_only=True)
class IdentityPrior:
    """Heads are `mean + coefficients @ basis` with standard normal coefficients, metres.

    Modes are uncorrelated and orthogonal under the vertex weights they were made with, of length
    `deviations` (root mean square over the weighted vertices), largest first. `variance_kept` is
    the share of the weighted variance the modes carry.
    """

    mean: Float[Tensor, "verts 3"]
    basis: Float[Tensor, "modes verts 3"]
    deviations: Float[Tensor, " modes"]
    variance_kept: float


def identity_prior(
    *,
    base: Float[Tensor, "verts 3"],
    shapes: Float[Tensor, "shapes verts 3"],
    people: Float[Tensor, "people shapes"],
    vertex_weights: Float[Tensor, " verts"],
    rigid_weights: Float[Tensor, " verts"],
    mirror: Int[Tensor, " verts"],
    modes: int,
) -> IdentityPrior:
    """Return the prior of the heads `base + people @ shapes` and their mirror images, aligned.

    Alignment takes away each shape's translation and rotation (to first order; heads here stand
    upright, so rotations are small), least squares under `rigid_weights`; size stays. As every
    head is linear in its coefficients, their covariance gives the exact components without ever
    building the population's vertices. Signs are chosen so that each mode's largest entry is
    positive.
    """
    average = people.mean(0)
    mean = base + torch.tensordot(average, shapes, dims=1)
    still = without_rigid_motion(shapes, mean, rigid_weights)
    flip = torch.tensor([-1.0, 1.0, 1.0], dtype=base.dtype)
    mean = base + torch.tensordot(average, still, dims=1)
    mean = (mean + mean[mirror] * flip) / 2

    # people = average + normals @ root, so heads = mean + normals @ (root @ still). Half of all
    # heads are mirrored, which makes every mode exactly symmetric or antisymmetric.
    root = torch.linalg.qr((people - average) / (len(people) - 1) ** 0.5)[1] / 2**0.5
    root = torch.block_diag(root, root)
    still = torch.cat([still, still[:, mirror] * flip])
    scale = (vertex_weights / vertex_weights.sum()).sqrt()[:, None]
    weighted = (still * scale).flatten(1)
    variances, directions = torch.linalg.eigh(root @ (weighted @ weighted.T) @ root.T)
    kept = variances.flip(0)[:modes]
    basis = torch.tensordot(directions.flip(1)[:, :modes].T @ root, still, dims=1)
    peaks = basis.flatten(1)
    signs = peaks.gather(1, peaks.abs().argmax(1, keepdim=True)).sign()
    return IdentityPrior(
        mean=mean,
        basis=basis * signs[..., None],
        deviations=kept.sqrt(),
        variance_kept=float(kept.sum() / variances.sum()),
    )


def without_rigid_motion(
    shapes: Float[Tensor, "shapes verts 3"],
    points: Float[Tensor, "verts 3"],
    weights: Float[Tensor, " verts"],
) -> Float[Tensor, "shapes verts 3"]:
    """Subtract from each displacement field the rigid motion of the points nearest to it."""
    turns = -skew(points)
    shifts = torch.eye(3, dtype=points.dtype).expand(len(points), 3, 3)
    motions = torch.cat([turns, shifts], dim=-1).flatten(0, 1)
    row_weights = weights.repeat_interleave(3)[:, None]
    normal = motions.T @ (row_weights * motions)
    flat = shapes.flatten(1)
    nearest = torch.linalg.solve(normal, (row_weights * motions).T @ flat.T)
    return (flat - (motions @ nearest).T).view_as(shapes)
