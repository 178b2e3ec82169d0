"""The skin's final mesh: the bust, subdivided, as linear maps of source vertices."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor

from avatar.head.anny.atlas import Atlas
from avatar.head.anny.bust import Bust
from avatar.head.anny.linear_map import apply_map
from avatar.head.anny.subdivide import QuadMesh, subdivide


@dataclass(frozen=True, kw_only=True)
class SkinSurface:
    """The skin's mesh; `smooth` and `linear` (fine x source) take source data to it.

    `smooth` is for positions and displacements, `linear` for weights, which must not overshoot;
    `spread` (fine x bust) is for masks of the bust's vertices. `uvs` belong to `mesh.uv_quads`.
    The bust's vertices come first, in their order.
    """

    mesh: QuadMesh
    smooth: sparse.csr_array
    linear: sparse.csr_array
    spread: sparse.csr_array
    uvs: Float[Tensor, "uvs 2"]

    @property
    def triangles(self) -> Int[Tensor, "faces 3"]:
        """Each quad as two triangles."""
        return split_quads(self.mesh.quads)

    @property
    def uv_triangles(self) -> Int[Tensor, "faces 3"]:
        """Texture corners of `triangles`."""
        return split_quads(self.mesh.uv_quads)


def skin_surface(bust: Bust, atlas: Atlas, levels: int) -> SkinSurface:
    """Subdivide the bust `levels` times."""
    mesh = QuadMesh(
        quads=torch.cat([bust.quads, bust.cap_quads]), uv_quads=atlas.uv_quads, mirror=bust.mirror
    )
    smooth, linear, uvs = bust.positions, bust.averages, atlas.uvs
    spread = sparse.csr_array(sparse.eye_array(len(bust.mirror)))
    for _ in range(levels):
        level = subdivide(mesh, len(uvs))
        mesh = level.mesh
        smooth = level.smooth @ smooth
        linear = level.linear @ linear
        spread = level.linear @ spread
        uvs = apply_map(level.uv_linear, uvs)
    return SkinSurface(mesh=mesh, smooth=smooth, linear=linear, spread=spread, uvs=uvs)


def split_quads(quads: Int[Tensor, "quads 4"]) -> Int[Tensor, "faces 3"]:
    """Return two triangles per quad, cut along the first diagonal."""
    return quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
