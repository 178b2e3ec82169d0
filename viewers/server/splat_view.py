"""A head's splats as one file for the page: what `avatar.core.pose_splats` needs, ready to use.

Four bytes (how long the header is), a header in JSON that names the arrays with their types,
shapes and places, and the arrays, little-endian, each at a multiple of four bytes from the first.
`filmed_from` is where in the world (the page's, the head at rest) the filming camera stood: what
the splats look best from. Splats that can be relit have `normals`, `filmed_light`, `openness` and
the filmed `environment` too. Large tables are 16-bit whole numbers times the `scale` stated: finer
than a micrometre.
"""

import json
import struct
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.pose_splats import SplatRig
from avatar.core.splats import MOST_COLOR, MOST_OFFSET, STRETCH, Splats
from avatar.core.transform import matrix_from_quaternion

_SHORTS = 32767


@torch.no_grad()
def splat_view(head: Avatar, splats: Splats) -> bytes:
    """Return the file."""
    rig = SplatRig.build(head, splats.corners, splats.barycentrics)
    # Axes times standard deviations: the square root of a splat's covariance.
    axes = matrix_from_quaternion(splats.rotations) * splats.scales[:, None, :]
    arrays = {
        "means": _floats(splats.means),
        "axes": _floats(axes),
        "opacities": _floats(splats.opacities),
        "colors": _floats(splats.colors),
        "anchors": _floats(rig.anchors),
        "barycentrics": _floats(splats.barycentrics),
        "head_shares": _floats(splats.head_shares),
        "face": _integers(rig.face),
        "faces": _integers(rig.faces),
        "frames": _floats(rig.frames),
        "areas": _floats(rig.areas),
        "vertices": _floats(rig.vertices),
        "hidden_weights": _floats(splats.code.hidden_weights),
        "hidden_bias": _floats(splats.code.hidden_bias),
        "output_weights": _floats(splats.code.output_weights),
        "sway": _floats(splats.sway),
    }
    if splats.relighting is not None:
        known = splats.relighting
        arrays |= {
            "normals": _floats(known.normals),
            "filmed_light": _floats(known.filmed_light),
            "openness": _floats(known.openness),
            "environment": _floats(known.environment),
        }
    places: dict[str, Any] = {}
    chunks: list[bytes] = []
    for name, array in arrays.items():
        _append(places, chunks, name, array, 1.0)
    for name, table in (
        ("morphs", rig.morphs),
        ("offset_shapes", splats.offset_shapes),
        ("color_shapes", splats.color_shapes),
    ):
        scale = max(float(table.abs().max()), 1e-12) / _SHORTS
        _append(places, chunks, name, (table / scale).round().numpy().astype("<i2"), scale)
    header = {
        "splats": len(splats),
        "most_offset": MOST_OFFSET,
        "most_color": MOST_COLOR,
        "stretch": STRETCH,
        "filmed_from": splats.camera.position_in_world.tolist(),
        "arrays": places,
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text + b"".join(chunks)


def _append(
    places: dict[str, Any], chunks: list[bytes], name: str, array: np.ndarray, scale: float
) -> None:
    data = np.ascontiguousarray(array).tobytes()
    places[name] = {
        "type": array.dtype.str.lstrip("<"),
        "shape": list(array.shape),
        "scale": scale,
        "place": sum(map(len, chunks)),
    }
    chunks.append(data + b"\0" * (-len(data) % 4))


def _floats(values: Tensor) -> np.ndarray:
    return values.detach().cpu().float().numpy().astype("<f4")


def _integers(values: Tensor) -> np.ndarray:
    return values.detach().cpu().numpy().astype("<u4")
