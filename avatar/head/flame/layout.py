"""Parts and texture coordinates for FLAME, whose file has neither."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from avatar.core.errors import ModelError
from avatar.core.mesh import MeshPart
from avatar.head.imported.sphere import polar_eye_uvs
from avatar.head.parts.rims import SIDES


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The skin and the two eyeballs, with the uvs they index."""

    parts: tuple[MeshPart, MeshPart, MeshPart]
    uvs: Float[Tensor, "uvs 2"]


def lay_out(
    template: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    eyes: Float[Tensor, "2 3"],
) -> Layout:
    """Return FLAME's parts: the two pieces of mesh round the eyes' centres, and all the rest.

    Args:
        template: vertices in the head frame, metres.
        faces: triangles.
        eyes: centres of the left and the right eyeball.

    Raises:
        ModelError: there are no separate eyeballs where the eyes' joints are.
    """
    piece = _pieces(faces, len(template))
    balls = [_ball(template, piece, eye) for eye in eyes]
    if bool((balls[0] & balls[1]).any()):
        raise ModelError("FLAME: f: expected two separate eyeballs, got one piece for both")
    left, right = (faces[ball[faces[:, 0]]] for ball in balls)
    skin = faces[~(balls[0] | balls[1])[faces[:, 0]]]
    skin_uvs, skin_uv_faces = wrapped_uvs(template, skin)
    uvs = template.new_zeros(len(template), 2)
    for ball, eye, side in zip(balls, eyes, SIDES, strict=True):
        uvs[ball] = polar_eye_uvs(template[ball], eye, side)
    start = len(skin_uvs)
    named = {"eye_left": left, "eye_right": right}
    eye_parts = [
        MeshPart(name=name, material="eye", faces=own, uv_faces=own + start)
        for name, own in named.items()
    ]
    whole = MeshPart(name="skin", material="skin", faces=skin, uv_faces=skin_uv_faces)
    return Layout(parts=(whole, eye_parts[0], eye_parts[1]), uvs=torch.cat([skin_uvs, uvs]))


def wrapped_uvs(
    template: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"]
) -> tuple[Float[Tensor, "uvs 2"], Int[Tensor, "faces 3"]]:
    """Return uvs of a cylinder with a domed top wrapped round the head, and each triangle's.

    The seam runs down the back. Inner surfaces such as the mouth's lie over the outer ones, and
    triangles at the crown are stretched: it is a layout to see something with, not to paint in.
    """
    own = template[faces.unique()]
    middle = (own.amin(0) + own.amax(0)) / 2
    x, y, z = template[:, 0], template[:, 1], template[:, 2] - middle[2]
    around = torch.atan2(x, z) / (2 * math.pi) + 0.5
    reach = torch.hypot(x, z)
    radius = float((own[:, 1].amax()).clamp_min(1e-3))
    height = torch.where(y > 0, radius * torch.atan2(y, reach), y)
    low, high = height[faces].min(), height[faces].max()
    down = (high - height) / (high - low)
    # Triangles across the seam continue past the picture's right edge, which is then moved out.
    corners = around[faces]
    crossing = corners.amax(1) - corners.amin(1) > 0.5
    beyond = crossing[:, None] & (corners < 0.5)
    keys, uv_faces = torch.unique(faces * 2 + beyond, return_inverse=True)
    vertex = keys // 2
    across = around[vertex] + keys % 2
    return torch.stack([across / across.max().clamp_min(1), down[vertex]], 1), uv_faces


def _pieces(faces: Int[Tensor, "faces 3"], count: int) -> Int[Tensor, " verts"]:
    rows = torch.cat([faces[:, 0], faces[:, 1]]).numpy()
    columns = torch.cat([faces[:, 1], faces[:, 2]]).numpy()
    graph = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    return torch.from_numpy(np.asarray(labels)).long()


def _ball(
    template: Float[Tensor, "verts 3"], piece: Int[Tensor, " verts"], centre: Float[Tensor, "3"]
) -> Bool[Tensor, " verts"]:
    """Return the piece of mesh that is a ball about that centre."""
    for label in piece.unique():
        own = piece == label
        distance = (template[own] - centre).norm(dim=1)
        if len(distance) > 30 and float(distance.max()) < 0.03:
            return own
    raise ModelError(
        "FLAME: f: expected a separate eyeball round each eye's joint, got none; "
        "give the model with its full mesh"
    )
