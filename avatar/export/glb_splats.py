"""Splats of one frame as a .glb with the ratified glTF extension KHR_gaussian_splatting."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from avatar.core.avatar import AvatarInfo
from avatar.core.pose_splats import PosedSplats
from avatar.export.gltf_document import ARRAY_BUFFER, GltfDocument
from avatar.export.ply_splats import HARMONIC
from avatar.files.atomic import atomic_write

_EXTENSION = "KHR_gaussian_splatting"
_POINTS = 0


def export_glb_splats(posed: PosedSplats, info: AvatarInfo, path: Path | str) -> None:
    """Write splats as points that viewers without the extension show as coloured dots.

    Scales are linear, opacities in [0, 1], colours display sRGB as coefficients of the constant
    spherical harmonic.

    Raises:
        OutputError: the file cannot be written, or an array holds no numbers.
    """
    document = GltfDocument(
        {"generator": info.generator, "copyright": info.licence, "extras": {"name": info.name}}
    )
    document.use_extension(_EXTENSION)

    def add(values: Tensor, *, bounds: bool = False) -> int:
        array = np.ascontiguousarray(values.detach().cpu().float().numpy())
        return document.add_accessor(array, target=ARRAY_BUFFER, bounds=bounds)

    opacity = posed.opacities[:, None]
    color = torch.cat([posed.colors.clamp(0, 1), opacity], 1)
    attributes = {
        "POSITION": add(posed.means, bounds=True),
        "COLOR_0": add(color),
        f"{_EXTENSION}:ROTATION": add(torch.nn.functional.normalize(posed.rotations, dim=1)),
        f"{_EXTENSION}:SCALE": add(posed.scales),
        f"{_EXTENSION}:OPACITY": add(posed.opacities),
        f"{_EXTENSION}:SH_DEGREE_0_COEF_0": add((posed.colors - 0.5) / HARMONIC),
    }
    kind = {
        "kernel": "ellipse",
        "colorSpace": "srgb_rec709_display",
        "projection": "perspective",
        "sortingMethod": "cameraDistance",
    }
    primitive = {
        "mode": _POINTS,
        "attributes": attributes,
        "extensions": {_EXTENSION: kind},
    }
    mesh = document.add("meshes", {"name": "splats", "primitives": [primitive]})
    node = document.add("nodes", {"name": "splats", "mesh": mesh})
    document.add("scenes", {"name": info.name, "nodes": [node]})
    document.set("scene", 0)
    with atomic_write(path) as file:
        document.write(file)
