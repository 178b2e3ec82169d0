"""Splats of one frame as the .ply that Kerbl et al. 2023 defined and every splat viewer reads."""

from pathlib import Path

import numpy as np
import torch

from avatar.core.pose_splats import PosedSplats
from avatar.files.atomic import atomic_write

HARMONIC = 0.28209479177387814
"""The constant spherical harmonic: colour = 0.5 + HARMONIC * coefficient."""

_FIELDS = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)


def export_ply_splats(posed: PosedSplats, path: Path | str) -> None:
    """Write splats as a binary .ply, whole or not at all.

    Axes as here (metres, +Y up, the face along +Z); opacities are logits, scales logarithms,
    rotations (w, x, y, z), colours coefficients of the constant spherical harmonic.

    Raises:
        OutputError: the file cannot be written.
    """
    turns = torch.nn.functional.normalize(posed.rotations, dim=1)
    columns = [
        posed.means,
        torch.zeros_like(posed.means),
        (posed.colors - 0.5) / HARMONIC,
        torch.logit(posed.opacities, 1e-6)[:, None],
        posed.scales.clamp_min(1e-12).log(),
        turns[:, [3, 0, 1, 2]],
    ]
    table = torch.cat(columns, 1).detach().cpu().numpy().astype("<f4")
    properties = "".join(f"property float {name}\n" for name in _FIELDS)
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(table)}\n{properties}end_header\n"
    )
    with atomic_write(path) as file:
        file.write(header.encode() + np.ascontiguousarray(table).tobytes())
