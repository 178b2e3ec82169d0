"""A head's pose in a few milliseconds: what is linear in the vertices becomes sparse matrices."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.mesh import Mesh
from avatar.core.rig import Rig, posed_from_rest
from avatar.core.transform import Transform
from avatar.ops.skin import SkinnedMesh, skin


@dataclass(frozen=True, kw_only=True)
class PosedHead:
    """Vertices and unit normals; the directions of growing u and of falling v at texture corners.

    As `avatar.core.mesh.vertex_normals` and `avatar.render.tangents.tangents` have them.
    """

    vertices: Float[np.ndarray, "verts 3"]
    normals: Float[np.ndarray, "verts 3"]
    along_u: Float[np.ndarray, "uvs 3"]
    along_v: Float[np.ndarray, "uvs 3"]


@dataclass(frozen=True, kw_only=True)
class Poser:
    """What of a head stays the same from pose to pose; build it once.

    On the processor: where that plays the graphics card, morphs in a compute shader take ten times
    as long as `avatar.ops.skin`, and a real card waits for neither.

    `around` sums triangles at their vertices; `u_slopes` and `v_slopes` take vertices to tangents.
    """

    mesh: SkinnedMesh
    rig: Rig
    faces: Int[np.ndarray, "faces 3"]
    around: Any
    u_slopes: Any
    v_slopes: Any

    @staticmethod
    def build(avatar: Avatar) -> "Poser":
        """Prepare a head."""
        mesh, faces = avatar.mesh, avatar.mesh.faces.numpy()
        triangle = np.repeat(np.arange(len(faces)), 3)
        shape = (len(mesh.vertices), len(faces))
        ones = np.ones(len(triangle), np.float32)
        around = sparse.csr_matrix((ones, (faces.ravel(), triangle)), shape)
        u_slopes, v_slopes = _slopes(mesh)
        return Poser(
            mesh=SkinnedMesh(
                vertices=mesh.vertices.contiguous(),
                morphs=avatar.rig.morphs.contiguous(),
                skin_weights=avatar.rig.skin_weights.contiguous(),
            ),
            rig=avatar.rig,
            faces=faces,
            around=around,
            u_slopes=u_slopes,
            v_slopes=v_slopes,
        )

    @torch.no_grad()
    def pose(
        self, weights: Float[Tensor, "52"], rotations: Float[Tensor, "joints 3 3"]
    ) -> PosedHead:
        """Return the head with these coefficients and local joint rotations."""
        joints = posed_from_rest(self.rig, rotations)
        moved = Transform(rotation=joints.rotation[None], translation=joints.translation[None])
        vertices = skin(self.mesh, weights[None], moved)[0].numpy()
        a, b, c = (vertices[self.faces[:, corner]] for corner in range(3))
        normals = self.around @ _cross(b - a, c - a)
        length = np.sqrt(np.einsum("vi,vi->v", normals, normals))
        return PosedHead(
            vertices=vertices,
            normals=normals / np.maximum(length, 1e-12)[:, None],
            along_u=self.u_slopes @ vertices,
            along_v=self.v_slopes @ vertices,
        )


def _slopes(mesh: Mesh) -> tuple[Any, Any]:
    faces, corners = mesh.faces.numpy(), mesh.uv_faces.numpy()
    u, v, w = (mesh.uvs.numpy()[corners[:, corner]] for corner in range(3))
    first, second = v - u, w - u
    turn = np.sign(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    # How much each of a triangle's three vertices adds to its two directions.
    by_u = np.stack([first[:, 1] - second[:, 1], second[:, 1], -first[:, 1]], 1)
    by_v = np.stack([first[:, 0] - second[:, 0], second[:, 0], -first[:, 0]], 1)
    shape = (len(mesh.uvs), len(mesh.vertices))
    rows = np.repeat(corners, 3, axis=1).ravel()
    columns = np.tile(faces, (1, 3)).ravel()
    made: list[Any] = []
    for shares in (by_u, by_v):
        values = np.tile(shares * turn[:, None], (1, 3)).ravel().astype(np.float32)
        made.append(sparse.csr_matrix((values, (rows, columns)), shape))
    return made[0], made[1]


def _cross(
    a: Float[np.ndarray, "faces 3"], b: Float[np.ndarray, "faces 3"]
) -> Float[np.ndarray, "faces 3"]:
    # numpy's own takes several times as long.
    x = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    y = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    z = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return np.stack([x, y, z], 1)
