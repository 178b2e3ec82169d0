"""A mesh as a camera sees it, and the edges between its triangles."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class ProjectedMesh:
    """What was rasterised: vertices in the picture, their depths, and the triangles between them.

    As `rasterize_mesh` takes them: `pixels` with (0, 0) at the centre of the top-left pixel,
    `depths` along the optical axis in metres.
    """

    pixels: Float[Tensor, "verts 2"]
    depths: Float[Tensor, " verts"]
    faces: Int[Tensor, "faces 3"]


@dataclass(frozen=True, kw_only=True)
class MeshEdges:
    """The edges of a mesh, each with the triangle or two that share it.

    `verts` are its two ends; `faces` the triangles, the second -1 on the mesh's rim; `opposite`
    is the first triangle's third corner. An edge of more than two triangles is a rim of each.
    """

    verts: Int[Tensor, "edges 2"]
    faces: Int[Tensor, "edges 2"]
    opposite: Int[Tensor, " edges"]

    @staticmethod
    def build(faces: Int[Tensor, "faces 3"]) -> "MeshEdges":
        """Find the edges; they depend on the triangles only, so once for a mesh is enough.

        Raises:
            OptionError: faces that are not triangles.
        """
        if faces.ndim != 2 or faces.shape[1] != 3:
            raise OptionError(f"faces: expected shape (F, 3), got {tuple(faces.shape)}")
        faces = faces.long()
        sides = torch.cat([faces[:, [1, 2]], faces[:, [2, 0]], faces[:, [0, 1]]])
        opposite = faces.T.reshape(-1)
        owner = torch.arange(len(faces), device=faces.device).repeat(3)
        verts, which, count = torch.unique(
            sides.sort(-1).values, dim=0, return_inverse=True, return_counts=True
        )
        order = which.argsort(stable=True)
        starts = count.cumsum(0) - count
        shared = count == 2
        first = order[starts[shared]]
        second = order[starts[shared] + 1]
        rim = (~shared[which]).nonzero()[:, 0]
        none = torch.full_like(rim, -1)
        return MeshEdges(
            verts=torch.cat([verts[shared], verts[which[rim]]]),
            faces=torch.cat(
                [
                    torch.stack([owner[first], owner[second]], -1),
                    torch.stack([owner[rim], none], -1),
                ]
            ),
            opposite=torch.cat([opposite[first], opposite[rim]]),
        )
