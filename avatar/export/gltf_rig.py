"""The skeleton as nodes, and the skin that ties vertices to it."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from avatar.core.rig import Rig
from avatar.export.gltf_document import GltfDocument, Json

INFLUENCES = 4
"""Joints that may move one vertex: what every engine takes in a single attribute."""


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """Indices in a document: the skin, each joint's node by name, and the node above them."""

    skin: int
    joints: dict[str, int]
    root: int


def add_skeleton(document: GltfDocument, rig: Rig) -> Skeleton:
    """Add one node a joint, resting unrotated at its place in its parent's frame, and the skin."""
    positions = rig.joint_positions.double().cpu()
    joints: list[int] = []
    nodes: list[Json] = []
    for name, parent, position in zip(rig.joint_names, rig.parents, positions, strict=True):
        origin = torch.zeros_like(position) if parent < 0 else positions[parent]
        nodes.append({"name": name, "translation": (position - origin).tolist()})
        joints.append(document.add("nodes", nodes[-1]))
        if parent >= 0:
            nodes[parent].setdefault("children", []).append(joints[-1])
    tops = [node for node, parent in zip(joints, rig.parents, strict=True) if parent < 0]
    # The joints of a skin must have one node above them all.
    root = tops[0]
    if len(tops) > 1:
        root = document.add("nodes", {"name": "skeleton", "children": tops})
    matrices = document.add_accessor(_inverse_bind_matrices(rig))
    skin = {"name": "rig", "joints": joints, "inverseBindMatrices": matrices, "skeleton": root}
    names = dict(zip(rig.joint_names, joints, strict=True))
    return Skeleton(skin=document.add("skins", skin), joints=names, root=root)


def strongest_influences(
    skin_weights: Float[Tensor, "verts joints"],
) -> tuple[Int[Tensor, "verts 4"], Float[Tensor, "verts 4"]]:
    """Return the joints that move each vertex most and their weights, four of each.

    The weights of a row sum to one in single precision; a joint without weight is joint 0, as
    glTF asks.
    """
    weights = skin_weights.double().cpu().clamp_min(0)
    missing = max(0, INFLUENCES - weights.shape[1])
    weights, joints = torch.nn.functional.pad(weights, (0, missing)).topk(INFLUENCES, dim=1)
    weights = (weights / weights.sum(1, keepdim=True)).float()
    # Rounding leaves a sum off by some 1e-8; the largest weight absorbs it.
    weights[:, 0] = 1 - weights[:, 1:].sum(1)
    joints = torch.where(weights > 0, joints, 0)
    return joints, weights


def _inverse_bind_matrices(rig: Rig) -> NDArray[np.float32]:
    """Return, stored by columns, what brings a vertex into the frame of each resting joint."""
    matrices = np.tile(np.eye(4, dtype=np.float32), (len(rig.parents), 1, 1))
    matrices[:, 3, :3] = -rig.joint_positions.cpu().numpy()
    return matrices
