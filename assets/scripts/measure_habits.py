"""What the landmark network does systematically wrong: see `avatar.fit.landmark_habits`.

For each synthetic face the difference between what the network said and the true surface points is
brought into the head frame in metres; a regression on pose and shape gives bias and response, the
principal components of what is left the joint errors, the rest the independent ones.
"""

import math

import torch
from detect_faces import Detections
from torch import Tensor

from avatar.capture.topology import MIRRORED
from avatar.core.mesh import SurfacePoints
from avatar.core.transform import Transform
from avatar.fit.landmark_habits import YAW_BINS, LandmarkHabits, viewing_angles
from avatar.head.model import HeadModel

FACE = 468
SHAPES, MODES = 60, 30
RIDGE = 3e-3
"""Ridge of the response, relative to the variance of the first shape."""


class Errors:
    """Errors of all faces (n, 468, 3) in the head frame, their geometry and angles; metres."""

    def __init__(self, model: HeadModel, points: SurfacePoints, faces: Detections) -> None:
        face = SurfacePoints(corners=points.corners[:FACE], barycentrics=points.barycentrics[:FACE])
        base = face.on(model.template)
        identity, expression = face.on(model.identity_basis), face.on(model.expression_basis)
        shape = (
            base
            + torch.tensordot(faces.identity, identity, dims=1)
            + torch.tensordot(faces.expression, expression, dims=1)
        )
        rotation = faces.rotation
        in_camera = shape @ rotation.transpose(1, 2) + faces.translation[:, None]
        focal, distance = faces.intrinsics[:, 0, 0, None], faces.translation[:, 2, None]
        centre = faces.intrinsics[:, :2, 2]
        flat = focal[..., None] * in_camera[..., :2] / in_camera[..., 2:] + centre[:, None]
        depth = focal * (in_camera[..., 2] - distance) / distance
        off = torch.cat(
            [faces.points[:, :FACE, :2] - flat, (faces.points[:, :FACE, 2] - depth)[..., None]], 2
        )
        off[..., 2] -= off[..., 2].mean(1, keepdim=True)
        self.in_view = off * (distance / focal)[..., None]
        self.in_head = self.in_view @ rotation
        self.shape, self.base, self.rotation = shape, base, rotation
        angles = [
            viewing_angles(Transform(rotation=r, translation=t))
            for r, t in zip(faces.rotation, faces.translation, strict=True)
        ]
        self.yaw, self.pitch = torch.tensor(angles).unbind(1)
        size = self.in_view[..., :2].norm(dim=2).median(1).values
        self.good = (faces.presence > 0.5) & (size < 0.012) & (self.yaw.abs() < 1.15)


def mirrored(values: Tensor) -> Tensor:
    """Return per-point vectors (..., 468, 3) of the mirror image."""
    return values[..., list(MIRRORED[:FACE]), :] * values.new_tensor([-1.0, 1.0, 1.0])


def measure_habits(errors: Errors) -> LandmarkHabits:
    """Return the habits that explain the errors."""
    good = errors.good
    off = torch.cat([errors.in_head[good], mirrored(errors.in_head[good])]).double()
    shape = (errors.shape - errors.base)[good].double()
    shape = torch.cat([shape, mirrored(shape)])
    yaw = torch.cat([errors.yaw[good], -errors.yaw[good]]).double()
    pitch = torch.cat([errors.pitch[good], errors.pitch[good]]).double()
    pose = torch.stack([torch.ones_like(yaw), yaw, pitch, yaw**2, yaw * pitch, pitch**2], 1)
    _, singular, directions = torch.linalg.svd(shape.flatten(1), full_matrices=False)
    shapes = directions[:SHAPES]
    coordinates = shape.flatten(1) @ shapes.T
    design = torch.cat([pose, coordinates], 1)
    ridge = torch.zeros(design.shape[1], dtype=torch.float64)
    ridge[6:] = RIDGE * singular[0] ** 2
    weights = torch.ones(len(off), dtype=torch.float64)
    solution = torch.zeros(design.shape[1], off[0].numel(), dtype=torch.float64)
    for _ in range(4):
        scaled = design * weights[:, None]
        solution = torch.linalg.solve(
            scaled.T @ design + torch.diag(ridge), scaled.T @ off.flatten(1)
        )
        size = (off.flatten(1) - design @ solution).square().mean(1)
        weights = 1 / (1 + size / (2 * size.median()))
    left = off.flatten(1) - design @ solution
    left = left * weights.sqrt()[:, None]
    _, spread, modes = torch.linalg.svd(left, full_matrices=False)
    modes = modes[:MODES] * (spread[:MODES, None] / math.sqrt(len(left)))
    basis = modes / modes.norm(dim=1, keepdim=True)
    rest = (left - left @ basis.T @ basis).unflatten(1, (FACE, 3))
    return LandmarkHabits(
        bias=solution[:6].unflatten(1, (FACE, 3)),
        shapes=shapes.unflatten(1, (FACE, 3)),
        response=solution[6:].unflatten(1, (FACE, 3)),
        modes=modes.unflatten(1, (FACE, 3)),
        deviations=_deviations(rest, errors, good, yaw) * _redundancy(rest),
    )


def _redundancy(rest: Tensor) -> float:
    """Return the factor by which correlated errors must be enlarged to count as independent ones.

    Neighbouring points still err together: n numbers whose covariance has eigenvalues e hold
    (sum e)^2 / sum e^2 independent ones.
    """
    singular = torch.linalg.svdvals(rest.flatten(1))
    eigenvalues = singular**2
    independent = float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())
    return math.sqrt(rest[0].numel() / independent)


def _deviations(rest: Tensor, errors: Errors, good: Tensor, yaw: Tensor) -> Tensor:
    """Return the robust spread of what is left, in the view, in bins of yaw."""
    rotation = errors.rotation[good].double()
    flip = torch.diag(rotation.new_tensor([-1.0, 1.0, 1.0]))
    rotation = torch.cat([rotation, flip @ rotation @ flip])
    seen = rest @ rotation.transpose(1, 2)
    bins: list[Tensor] = []
    for centre in YAW_BINS:
        near = (yaw.rad2deg() - centre).abs() < 15
        bins.append((seen[near] ** 2).mean(0).sqrt())
    return torch.stack(bins).clamp_min(3e-4)
