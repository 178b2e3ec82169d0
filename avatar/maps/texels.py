"""The texels of a part: which point of the surface each pixel of its texture shows."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.mesh import MeshPart
from avatar.ops.interpolate import interpolate_points
from avatar.render.rasterize_uv import rasterize_uv


@dataclass(frozen=True, kw_only=True)
class Texels:
    """The covered texels of one part's texture of `size` x `size`, in row-major order.

    `index` is row * size + column; `corners` are the vertices of the texel's triangle and
    `barycentrics` where in it the texel's centre lies.
    """

    size: int
    index: Int[Tensor, " texels"]
    corners: Int[Tensor, "texels 3"]
    barycentrics: Float[Tensor, "texels 3"]

    def subset(self, chosen: Int[Tensor, " chosen"]) -> "Texels":
        """Return some of the texels, by their place among these."""
        return Texels(
            size=self.size,
            index=self.index[chosen],
            corners=self.corners[chosen],
            barycentrics=self.barycentrics[chosen],
        )

    def interpolate(
        self, values: Float[Tensor, "verts channels"]
    ) -> Float[Tensor, "texels channels"]:
        """Interpolate a per-vertex quantity at every texel."""
        rows = torch.arange(len(self.index), device=self.index.device)
        return interpolate_points(rows, self.barycentrics, self.corners, values)

    def mask(self, vertices: Bool[Tensor, " verts"]) -> Float[Tensor, " texels"]:
        """Return 1 inside, 0 outside and a ramp across the border of a set of vertices."""
        return self.interpolate(vertices.to(self.barycentrics.dtype)[:, None])[:, 0]

    def image(
        self, values: Float[Tensor, "texels channels"]
    ) -> Float[Tensor, "size size channels"]:
        """Lay texel values out as an image; texels outside every chart stay zero."""
        canvas = values.new_zeros(self.size * self.size, values.shape[1])
        canvas[self.index] = values
        return canvas.view(self.size, self.size, -1)


def texels_of(part: MeshPart, uvs: Float[Tensor, "uvs 2"], size: int) -> Texels:
    """Rasterise a part in texture space."""
    fragments = rasterize_uv(uvs, part.uv_faces, size)
    triangles = fragments.triangles.reshape(-1)
    index = torch.nonzero(triangles >= 0)[:, 0]
    return Texels(
        size=size,
        index=index,
        corners=part.faces[triangles[index]],
        barycentrics=fragments.barycentrics.reshape(-1, 3)[index],
    )
