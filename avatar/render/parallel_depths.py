"""What lights infinitely far away reach: depth maps with parallel rays, many at once."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.ops.rasterize_mesh import rasterize_mesh
from avatar.render.in_pieces import in_pieces

_FAR = 50.0
"""Metres added to depths, so that the perspective rasteriser sees parallel rays."""


@dataclass(frozen=True, kw_only=True)
class ParallelDepths:
    """The surface nearest to each of several lights infinitely far away.

    `axes` are each map's right, down and forward (away from the light) in the world; `low` and
    `scale` turn positions along the first two into pixels; `depths` are metres along the third.
    """

    axes: Float[Tensor, "lights 3 3"]
    low: Float[Tensor, "lights 2"]
    scale: Float[Tensor, " lights"]
    depths: Float[Tensor, "lights size size"]

    def sees(
        self, points: Float[Tensor, "points 3"], normals: Float[Tensor, "points 3"]
    ) -> Bool[Tensor, "lights points"]:
        """Return which points of the surface each light reaches.

        Points are lifted off the surface and compared with the farthest of the pixels around
        them, so that a slope does not shadow itself.
        """
        pixel = 1 / self.scale[:, None]
        across, down, depth = self._place(points, self.axes).unbind(1)
        lift_across, lift_down, lift = self._place(normals, self.axes).unbind(1)
        size = self.depths.shape[-1]
        x = ((across - self.low[:, :1]) / pixel + lift_across).clamp(0, size - 2).long()
        y = ((down - self.low[:, 1:]) / pixel + lift_down).clamp(0, size - 2).long()
        corner = y * size + x
        flat = self.depths.flatten(1)
        farthest = flat.gather(1, corner)
        for step in (1, size, size + 1):
            farthest = torch.maximum(farthest, flat.gather(1, corner + step))
        return depth + pixel * (lift - 0.5) <= farthest

    @staticmethod
    def _place(
        vectors: Float[Tensor, "points 3"], axes: Float[Tensor, "lights 3 3"]
    ) -> Float[Tensor, "lights 3 points"]:
        return axes @ vectors.T


def parallel_depths(
    vertices: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    directions: Float[Tensor, "lights 3"],
    size: int,
) -> ParallelDepths:
    """Return the depths of a mesh seen from `directions` (unit, towards the lights)."""
    axes = torch.stack([_axes(direction) for direction in directions])
    placed = axes @ vertices.T
    low, high = placed[:, :2].amin(-1), placed[:, :2].amax(-1)
    scale = (size - 3) / (high - low).amax(-1).clamp_min(1e-9)
    low = low - 1 / scale[:, None]
    pixels = ((placed[:, :2] - low[..., None]) * scale[:, None, None]).transpose(1, 2).contiguous()
    distances = placed[:, 2] + _FAR

    def rasterize(light: int) -> Tensor:
        return rasterize_mesh(pixels[light], distances[light], faces, size, size).depths

    depths = in_pieces(rasterize, range(len(directions)))
    return ParallelDepths(axes=axes, low=low, scale=scale, depths=torch.stack(depths) - _FAR)


def _axes(direction: Float[Tensor, "3"]) -> Float[Tensor, "3 3"]:
    helper = torch.zeros_like(direction)
    helper[int(direction.abs().argmin())] = 1
    right = torch.nn.functional.normalize(torch.linalg.cross(direction, helper), dim=0)
    return torch.stack([right, torch.linalg.cross(right, direction), -direction])
