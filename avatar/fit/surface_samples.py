"""Points spread evenly over the face, with how the coefficients move them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.mesh import SurfacePoints, face_normals
from avatar.fit.state import HeadState
from avatar.head.model import HeadModel


@dataclass(frozen=True, kw_only=True)
class SurfaceSamples:
    """Points glued to triangles of a model, each standing for the same `area` (square metres).

    `mean` and `basis` give their places in the head frame (metres), linear in identity, then
    expression; single precision, for they are large.
    """

    places: SurfacePoints
    mean: Float[Tensor, "samples 3"]
    basis: Float[Tensor, "samples 3 columns"]
    area: float

    def points(self, state: HeadState, photo: int) -> Float[Tensor, "samples 3"]:
        """Return the points in the head frame with a photo's expression."""
        own = torch.cat([state.identity, state.photos[photo].expression]).to(self.mean.dtype)
        return self.mean + self.basis @ own

    def on(self, values: Float[Tensor, "verts channels"]) -> Float[Tensor, "samples channels"]:
        """Return values given at the model's vertices at the samples."""
        return self.places.on(values)


def sample_surface(model: HeadModel, region: str, count: int) -> SurfaceSamples:
    """Return points of a region of the skin, evenly by the template's area, always the same ones.

    The points follow the triangles' order at equal steps of the area covered, so neighbours in
    the mesh get their fair share without chance.
    """
    mask = model.region(region)
    faces = model.part("skin").faces
    faces = faces[mask[faces].all(1)]
    areas = face_normals(model.template, faces).norm(dim=1) / 2
    covered = areas.double().cumsum(0)
    steps = (torch.arange(count, dtype=torch.float64) + 0.5) / count * covered[-1]
    chosen = torch.searchsorted(covered, steps).clamp_max(len(faces) - 1)
    places = SurfacePoints(corners=faces[chosen], barycentrics=_barycentrics(count))
    moves = torch.cat([model.identity_basis, model.expression_basis])
    return SurfaceSamples(
        places=places,
        mean=places.on(model.template),
        basis=places.on(moves).permute(1, 2, 0).contiguous(),
        area=float(covered[-1]) / count,
    )


def _barycentrics(count: int) -> Float[Tensor, "samples 3"]:
    """Return evenly spread places in a triangle (the R2 sequence, folded)."""
    index = torch.arange(1, count + 1, dtype=torch.float64)
    u, v = (index * 0.7548776662466927) % 1, (index * 0.5698402909980532) % 1
    outside = u + v > 1
    u, v = torch.where(outside, 1 - u, u), torch.where(outside, 1 - v, v)
    return torch.stack([1 - u - v, u, v], 1).float()
