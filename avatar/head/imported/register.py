"""Lay the default head onto a foreign one by shape alone, for models without landmarks."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.mesh import vertex_normals
from avatar.core.transform import skew
from avatar.head.imported.closest import closest_on_surface
from avatar.head.model import HeadModel

_MODES = 160
_ROUNDS = 12
_POINTS = 700
# Metres off the surface, along it, and off the eyes' centres that cost as much as a mode's
# standard deviation.
_ACROSS, _ALONG, _EYES = 0.001, 0.006, 0.0005
_FIRST_REACH, _LAST_REACH = 0.02, 0.006
_SAME_WAY = 0.6


@dataclass(frozen=True, kw_only=True)
class _Goal:
    """What of the foreign head is matched."""

    vertices: Float[Tensor, "verts 3"]
    faces: Int[Tensor, "faces 3"]
    normals: Float[Tensor, "verts 3"]
    eyes: Float[Tensor, "2 3"]


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """The default head as coefficients, turned and scaled by `turn`, then shifted."""

    coefficients: Float[Tensor, " modes"]
    turn: Float[Tensor, "3 3"]
    shift: Float[Tensor, "3"]

    def placed(self, default: HeadModel) -> Float[Tensor, "verts 3"]:
        """Return the head's vertices, float64."""
        basis = default.identity_basis[: len(self.coefficients)]
        moves = torch.tensordot(self.coefficients.to(basis), basis, dims=1)
        return (default.template + moves).double() @ self.turn.T + self.shift

    def moved(self, step: Float[Tensor, " unknowns"]) -> "_Fit":
        """Return the fit after a step: three of turn, three of shift, one of size, the modes."""
        change = torch.eye(3).to(step) * (1 + step[6]) + skew(step[:3])
        return replace(
            self,
            coefficients=self.coefficients + step[7:],
            turn=change @ self.turn,
            shift=change @ self.shift + step[3:6],
        )


def registered(
    default: HeadModel, model: HeadModel, hidden: Bool[Tensor, " verts"]
) -> Float[Tensor, "default_verts 3"]:
    """Return the default head's vertices, posed and shaped like the foreign model's template.

    Both stand in the head frame, so the eyes give a start; then points of the default face move to
    the nearest surface that faces the same way, by the default model's own identity modes, turn,
    shift and size (iterative closest points, Gauss-Newton). `hidden` vertices of the foreign skin,
    such as the mouth's inside, are left out.
    """
    faces = model.part("skin").faces
    vertices = model.template.double()
    goal = _Goal(
        vertices=vertices,
        faces=faces[~hidden[faces].any(1)],
        normals=vertex_normals(vertices, faces),
        eyes=eye_centres(model, vertices),
    )
    wide = default.region("face_wide") & ~default.region("mouth_interior")
    points = wide.nonzero()[:, 0]
    points = points[:: max(1, len(points) // _POINTS)]
    apart = eye_centres(default, default.template.double())
    size = (goal.eyes[0] - goal.eyes[1]).norm() / (apart[0] - apart[1]).norm()
    fit = _Fit(
        coefficients=torch.zeros(min(_MODES, default.identity_size), dtype=torch.float64),
        turn=size * torch.eye(3, dtype=torch.float64),
        shift=goal.eyes.mean(0) - size * apart.mean(0),
    )
    for reach in torch.linspace(_FIRST_REACH, _LAST_REACH, _ROUNDS).tolist():
        fit = fit.moved(_step(default, goal, fit, points, reach))
    return fit.placed(default).to(default.template.dtype)


def eye_centres(model: HeadModel, vertices: Float[Tensor, "verts 3"]) -> Float[Tensor, "2 3"]:
    """Return where the left and the right eye's joint are on a head of these vertices."""
    rows = [model.joint_names.index(f"eye_{side}") for side in ("left", "right")]
    return model.joint_regressor[rows].to(vertices) @ vertices


def _step(
    default: HeadModel,
    goal: _Goal,
    fit: _Fit,
    points: Int[Tensor, " points"],
    reach: float,
) -> Float[Tensor, " unknowns"]:
    """Return one Gauss-Newton step towards the surface within reach."""
    placed = fit.placed(default)
    basis = default.identity_basis[: len(fit.coefficients)]
    own = vertex_normals(placed, default.part("skin").faces)[points]
    near = closest_on_surface(placed[points], goal.vertices, goal.faces)
    gap = near.on(goal.vertices) - placed[points]
    normals = torch.nn.functional.normalize(near.on(goal.normals), dim=-1)
    matched = (gap.norm(dim=1) < reach) & ((own * normals).sum(1) > _SAME_WAY)
    gap, normals = gap[matched], normals[matched]
    rows = _motions(placed[points[matched]], basis[:, points[matched]].double() @ fit.turn.T)
    off_eyes = goal.eyes - eye_centres(default, placed)
    eye_moves = torch.stack([eye_centres(default, mode.double()) for mode in basis]) @ fit.turn.T
    eye_rows = _motions(eye_centres(default, placed), eye_moves)
    prior = torch.cat([fit.coefficients.new_zeros(7), fit.coefficients.new_ones(len(basis))])
    held = torch.cat([fit.coefficients.new_zeros(7), fit.coefficients])
    # The matched points are not independent: together they count as a tenth of their number.
    share = 0.1**0.5
    design = torch.cat(
        [
            share / _ACROSS * (normals[..., None] * rows).sum(1),
            share / _ALONG * rows.flatten(0, 1),
            eye_rows.flatten(0, 1) / _EYES,
            prior.diag(),
        ]
    )
    wanted = torch.cat(
        [
            share / _ACROSS * (normals * gap).sum(1),
            share / _ALONG * gap.flatten(),
            off_eyes.flatten() / _EYES,
            -held,
        ]
    )
    normal = design.T @ design
    ridge = 1e-9 * normal.diagonal().max() * torch.eye(len(normal)).to(normal)
    return torch.linalg.solve(normal + ridge, design.T @ wanted)


def _motions(
    points: Float[Tensor, "points 3"], modes: Float[Tensor, "modes points 3"]
) -> Float[Tensor, "points 3 unknowns"]:
    """Return how points move with each unknown of a step."""
    shifts = torch.eye(3).to(points).expand(len(points), 3, 3)
    return torch.cat([-skew(points), shifts, points[..., None], modes.permute(1, 2, 0)], dim=-1)
