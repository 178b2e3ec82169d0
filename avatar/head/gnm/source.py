"""GNM Head's own file as arrays.

The layout is the one of github.com/google/GNM (Apache-2.0), version 3: an .npz whose arrays are
named and shaped as its class `GNM` documents them. Metres, +Y up, the face looks along +Z.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.errors import ModelError
from avatar.head.imported.arrays import CheckedArrays
from avatar.head.imported.npz_file import array_names, read_npz

ARRAYS = (
    "version",
    "variant",
    "template_vertex_positions",
    "template_joint_positions",
    "vertex_identity_basis",
    "joint_names",
    "joint_parent_indices",
    "skinning_weights",
    "triangles",
    "triangle_uvs",
    "mesh_component_names",
    "mirror_indices",
    "joint_regressor",
    "pose_correctives_regressor",
    "vertex_groups",
    "vertex_group_names",
)
JOINT_NAMES = {"neck": "neck", "head": "head", "left_eye": "eye_left", "right_eye": "eye_right"}
_WHAT = "GNM"


@dataclass(frozen=True, kw_only=True)
class GnmSource:
    """The model as published, float64: metres, +Y up, the face looks along +Z.

    `identity` are displacements at one standard deviation; `pose_correctives` are displacements
    per entry of each joint's rotation matrix minus the identity, row by row. `triangle_uvs` have v
    running up. `joint_names` are ours; the root's parent is -1. `groups` are masks by name.
    """

    template: Float[Tensor, "verts 3"]
    joints: Float[Tensor, "joints 3"]
    identity: Float[Tensor, "modes verts 3"]
    pose_correctives: Float[Tensor, "joints 9 verts 3"]
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    joint_regressor: Float[Tensor, "joints verts"]
    skin_weights: Float[Tensor, "verts joints"]
    faces: Int[Tensor, "faces 3"]
    triangle_uvs: Float[Tensor, "faces 3 2"]
    components: tuple[str, ...]
    mirror: Int[Tensor, " verts"]
    groups: dict[str, Bool[Tensor, " verts"]]


def read_gnm(path: Path) -> GnmSource:
    """Read GNM Head 3 from its .npz.

    Raises:
        ModelError: the file is missing or damaged, is of another version or variant, or its arrays
            are not GNM Head's.
    """
    if not path.is_file():
        raise ModelError(f"{_WHAT} {path}: no such file; give gnm_head.npz")
    arrays = read_npz(path, ARRAYS, what=_WHAT)
    checked = CheckedArrays(arrays, what=f"{_WHAT} {path}")
    checked.require(ARRAYS, array_names(path))
    version, variant = checked.text("version"), checked.text("variant")
    if not version.startswith("3.") or variant != "head":
        raise ModelError(
            f"{_WHAT} {path}: expected version 3 of the variant head, got {version} of {variant}"
        )
    template = checked.numbers("template_vertex_positions", (None, 3))
    count = len(template)
    names = _joint_names(checked.texts("joint_names"), path)
    joints = len(names)
    correctives = checked.numbers("pose_correctives_regressor", (9 * joints, 3 * count))
    faces = checked.indices("triangles", (None, 3), count)
    return GnmSource(
        template=template,
        joints=checked.numbers("template_joint_positions", (joints, 3)),
        identity=checked.numbers("vertex_identity_basis", (None, count, 3)),
        pose_correctives=correctives.view(joints, 9, count, 3),
        joint_names=names,
        parents=_parents(checked.numbers("joint_parent_indices", (joints,)), path),
        joint_regressor=checked.numbers("joint_regressor", (joints, count)),
        skin_weights=checked.rows_of_shares("skinning_weights", (joints, count), across=0).T,
        faces=faces,
        triangle_uvs=checked.numbers("triangle_uvs", (len(faces), 3, 2)),
        components=checked.texts("mesh_component_names"),
        mirror=checked.indices("mirror_indices", (count,), count),
        groups=_groups(checked, count, path),
    )


def _joint_names(names: tuple[str, ...], path: Path) -> tuple[str, ...]:
    if set(names) != set(JOINT_NAMES) or len(names) != len(JOINT_NAMES):
        raise ModelError(
            f"{_WHAT} {path}: joint_names: expected {', '.join(JOINT_NAMES)}; "
            f"got {', '.join(names)}"
        )
    return tuple(JOINT_NAMES[name] for name in names)


def _parents(table: Float[Tensor, " joints"], path: Path) -> tuple[int, ...]:
    parents = (-1, *(int(parent) for parent in table[1:]))
    # The root is written as its own parent, or as having none.
    if int(table[0]) not in (-1, 0) or any(
        not 0 <= parent < joint for joint, parent in enumerate(parents[1:], start=1)
    ):
        raise ModelError(
            f"{_WHAT} {path}: joint_parent_indices: expected parents before their children, "
            f"got {[int(parent) for parent in table]}"
        )
    return parents


def _groups(checked: CheckedArrays, count: int, path: Path) -> dict[str, Bool[Tensor, " verts"]]:
    names = checked.texts("vertex_group_names")
    weights = checked.numbers("vertex_groups", (len(names), count))
    groups = dict(zip(names, weights > 0.5, strict=True))
    components = checked.texts("mesh_component_names")
    missing = [name for name in ("skin", "left_eye", "right_eye") if name not in components]
    missing += [name for name in components if name not in groups]
    if missing:
        raise ModelError(
            f"{_WHAT} {path}: mesh_component_names: expected skin, left_eye and right_eye, each "
            f"with its vertex group; {', '.join(missing)} missing"
        )
    owners = torch.stack([groups[name] for name in components]).sum(0)
    if not bool((owners == 1).all()):
        raise ModelError(
            f"{_WHAT} {path}: vertex_groups: expected each vertex in one component, "
            f"got {int((owners != 1).sum())} in none or several"
        )
    return groups
