"""FLAME's own file as arrays.

The layout is the one of flame.is.tue.mpg.de (FLAME 2023 Open, CC-BY-4.0): a pickled dictionary, or
an .npz of the same arrays: `v_template`, `shapedirs` (300 of identity, then 100 of expression),
`posedirs`, `J_regressor`, `weights`, `kintree_table` and `f`. Metres, +Y up, face along +Z.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.errors import ModelError
from avatar.head.flame.safe_pickle import read_pickled_arrays
from avatar.head.imported.arrays import CheckedArrays
from avatar.head.imported.npz_file import array_names, read_npz

IDENTITY_COUNT = 300
ARRAYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f")
JOINT_NAMES = ("root", "neck", "jaw", "eye_left", "eye_right")
PARENTS = (-1, 0, 1, 1, 1)
_WHAT = "FLAME"


@dataclass(frozen=True, kw_only=True)
class FlameSource:
    """The model as published, float64, in its own frame: metres, +Y up, the face looks along +Z.

    `identity` are displacements at one standard deviation. `pose_correctives` are displacements
    per entry of each moving joint's rotation matrix minus the identity, row by row, joints in
    `JOINT_NAMES` order without the root.
    """

    template: Float[Tensor, "verts 3"]
    identity: Float[Tensor, "modes verts 3"]
    pose_correctives: Float[Tensor, "4 9 verts 3"]
    joint_regressor: Float[Tensor, "5 verts"]
    skin_weights: Float[Tensor, "verts 5"]
    faces: Int[Tensor, "faces 3"]


def read_flame(path: Path) -> FlameSource:
    """Read FLAME from its .pkl, without executing it, or from an .npz.

    Raises:
        ModelError: the file is missing, damaged or unsafe, or its arrays are not FLAME's.
    """
    if not path.is_file():
        raise ModelError(f"{_WHAT} {path}: no such file; give the .pkl or .npz of the model")
    if zipfile.is_zipfile(path):
        arrays, found = read_npz(path, ARRAYS, what=_WHAT), array_names(path)
    else:
        arrays = read_pickled_arrays(path, what=_WHAT)
        found = tuple(arrays)
    checked = CheckedArrays(arrays, what=f"{_WHAT} {path}")
    checked.require(ARRAYS, found)
    template = checked.numbers("v_template", (None, 3))
    count = len(template)
    _check_joints(checked.numbers("kintree_table", (2, len(PARENTS))), path)
    shapes = checked.numbers("shapedirs", (count, 3, None))[..., :IDENTITY_COUNT]
    correctives = checked.numbers("posedirs", (count, 3, 9 * (len(PARENTS) - 1)))
    return FlameSource(
        template=template,
        identity=shapes.permute(2, 0, 1).contiguous(),
        pose_correctives=correctives.permute(2, 0, 1).unflatten(0, (4, 9)).contiguous(),
        joint_regressor=checked.numbers("J_regressor", (len(PARENTS), count)),
        skin_weights=checked.rows_of_shares("weights", (count, len(PARENTS)), across=1),
        faces=checked.indices("f", (None, 3), count),
    )


def _check_joints(table: Float[Tensor, "2 5"], path: Path) -> None:
    # The root's parent is -1, stored as the largest unsigned number.
    parents = tuple(int(parent) for parent in table[0, 1:])
    if parents != PARENTS[1:] or not torch.equal(table[1], torch.arange(5).to(table)):
        raise ModelError(
            f"{_WHAT} {path}: kintree_table: expected joints {', '.join(JOINT_NAMES)} with parents "
            f"{PARENTS[1:]}, got parents {parents}; this is another model"
        )
