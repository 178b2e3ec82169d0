"""Foreign heads as coefficients of the default head: what a regressor is told of them.

The default head's own modes are laid onto the foreign surface by closest points, size kept; as
both families are linear, doing so for the mean and for each mode alone gives a linear map.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from avatar.core.mesh import vertex_normals
from avatar.core.transform import skew
from avatar.head.imported.closest import closest_on_surface
from avatar.head.model import HeadModel

POINTS = 1200
ACROSS, ALONG = 0.0007, 0.004
"""Metres off the surface and along it that cost as much as one deviation of a mode."""


@dataclass(frozen=True, kw_only=True)
class FamilyMap:
    """`unknowns = base + identity @ slopes`: turn, shift (metres), then the default's modes.

    A default head of these modes, turned and shifted, lies on the foreign head. `touching` are
    the default's surface points nearest to each foreign vertex, on the mean head.
    """

    base: Tensor
    slopes: Tensor
    residual: float

    def of(self, identity: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return turn (3), shift (3) and the default head's coefficients."""
        unknowns = self.base + identity[: len(self.slopes)] @ self.slopes
        return unknowns[:3], unknowns[3:6], unknowns[6:]


def family_map(default: HeadModel, model: HeadModel, spread: float = 1.5) -> FamilyMap:
    """Return the map of a foreign family; about ten seconds for ten modes."""
    zero = torch.zeros(6 + default.identity_size, dtype=torch.float64)
    base, residual = _registered(default, model, model.template, zero, rounds=10)
    slopes: list[Tensor] = []
    for mode in model.identity_basis:
        ends = [
            _registered(default, model, model.template + sign * spread * mode, base, rounds=3)[0]
            for sign in (1, -1)
        ]
        slopes.append((ends[0] - ends[1]) / (2 * spread))
    return FamilyMap(base=base.float(), slopes=torch.stack(slopes).float(), residual=residual)


def _registered(
    default: HeadModel, model: HeadModel, vertices: Tensor, start: Tensor, rounds: int
) -> tuple[Tensor, float]:
    faces = model.part("skin").faces
    normals = vertex_normals(vertices, faces).double()
    rows = (model.region("face_wide") & ~model.region("mouth_interior")).nonzero()[:, 0]
    rows = rows[:: max(1, len(rows) // POINTS)]
    own = default.part("skin").faces
    hidden = default.region("mouth_interior") | default.region("eye_sockets")
    own = own[~hidden[own].any(1)]
    unknowns, off = start, torch.zeros(1)
    for _ in range(rounds):
        shaped = default.vertices(unknowns[6:].float())
        turn = torch.linalg.matrix_exp(skew(unknowns[:3]))
        placed = shaped.double() @ turn.T + unknowns[3:6]
        goal, normal = vertices[rows].double(), normals[rows]
        near = closest_on_surface(goal.float(), placed.float(), own)
        here = near.on(placed.float()).double()
        gap = goal - here
        off = (gap * normal).sum(1)
        weight = 1 / (1 + (off / 0.004) ** 2)
        modes = near.on(default.identity_basis).double() @ turn.T
        shifts = torch.eye(3).double().expand(len(rows), 3, 3)
        moves = torch.cat([-skew(here - unknowns[3:6]), shifts, modes.permute(1, 2, 0)], 2)
        share = (0.15 * weight) ** 0.5
        design = torch.cat(
            [
                (share / ACROSS)[:, None] * (normal[..., None] * moves).sum(1),
                ((share / ALONG)[:, None, None] * moves).flatten(0, 1),
            ]
        )
        wanted = torch.cat([share / ACROSS * off, ((share / ALONG)[:, None] * gap).flatten()])
        prior = torch.cat([torch.zeros(6), torch.ones(default.identity_size)]).double()
        normal_matrix = design.T @ design + prior.diag() + 1e-6 * torch.eye(len(prior))
        step = torch.linalg.solve(normal_matrix, design.T @ wanted - prior * unknowns)
        unknowns = unknowns + step
    return unknowns, float(off.abs().median())
