"""What every head model is, whatever file it came from: arrays."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.mesh import MeshPart, SurfacePoints


@dataclass(frozen=True, kw_only=True)
class Region:
    """A named set of vertices, e.g. `face`, `lips`, `scalp`."""

    name: str
    vertices: Bool[Tensor, " verts"]


@dataclass(frozen=True, kw_only=True)
class HeadModel:
    """A 3D morphable model of the head, in metres in the head frame.

    The origin lies midway between the template's eyeball centres; +Y is up, the face looks along
    +Z, the subject's left is +X. `identity_basis` is scaled so that the prior of the coefficients
    is the standard normal; `identity_deviations` are the modes' standard deviations (metres, root
    mean square over the vertices as the model weighs them), largest first. `expression_basis` are
    the 52 ARKit displacements in `ARKIT_NAMES` order. `joint_regressor` rows give each joint as a
    combination of vertices. `landmarks478` may be None for models that were never measured.
    `mirror` gives each vertex's counterpart across x = 0, where the mesh is symmetric.
    """

    name: str
    licence: str
    source: str
    template: Float[Tensor, "verts 3"]
    identity_basis: Float[Tensor, "modes verts 3"]
    identity_deviations: Float[Tensor, " modes"]
    identity_variance_kept: float
    expression_basis: Float[Tensor, "52 verts 3"]
    uvs: Float[Tensor, "uvs 2"]
    parts: tuple[MeshPart, ...]
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    joint_regressor: Float[Tensor, "joints verts"]
    skin_weights: Float[Tensor, "verts joints"]
    regions: tuple[Region, ...]
    landmarks68: SurfacePoints
    landmarks478: SurfacePoints | None
    mirror: Int[Tensor, " verts"] | None = None

    @property
    def identity_size(self) -> int:
        """Number of identity coefficients."""
        return len(self.identity_basis)

    @property
    def missing_expressions(self) -> tuple[str, ...]:
        """The ARKit coefficients that move nothing, because the model has no such shape."""
        moves = self.expression_basis.abs().amax((1, 2)) > 0
        return tuple(name for name, moved in zip(ARKIT_NAMES, moves, strict=True) if not moved)

    def region(self, name: str) -> Bool[Tensor, " verts"]:
        """Return the vertex mask of that region; KeyError names the ones there are."""
        for region in self.regions:
            if region.name == name:
                return region.vertices
        raise KeyError(f"no region {name!r}; there are {[r.name for r in self.regions]}")

    def part(self, name: str) -> MeshPart:
        """Return the part of that name; KeyError names the ones there are."""
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(f"no part {name!r}; there are {[p.name for p in self.parts]}")

    def vertices(
        self,
        identity: Float[Tensor, " modes"],
        expression: Float[Tensor, "52"] | None = None,
    ) -> Float[Tensor, "verts 3"]:
        """Return the head of these coefficients; fewer identity modes than all are allowed."""
        shaped = self.template + torch.tensordot(
            identity, self.identity_basis[: len(identity)], dims=1
        )
        if expression is None:
            return shaped
        return shaped + torch.tensordot(expression, self.expression_basis, dims=1)
