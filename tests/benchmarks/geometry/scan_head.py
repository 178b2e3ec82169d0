"""The textured scan of a real head (Infinite Realities, CC BY 3.0), eyes closed."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.benchmarks.geometry.surface import Surface, smooth_normals

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scan:
    """A scan with one texture; vertices in the file's own unit; `uvs` start at the top left."""

    vertices: Array
    uvs: Array
    faces: NDArray[np.int64]
    albedo: Array

    def surface(self, metres_from_unit: float, origin: Array) -> Surface:
        """Return the scan in metres about `origin` (in its own unit)."""
        vertices = (self.vertices - origin) * metres_from_unit
        _, first, twins = np.unique(vertices, axis=0, return_index=True, return_inverse=True)
        twins = first[twins.ravel()]
        return Surface(
            name="scan",
            vertices=vertices,
            normals=smooth_normals(vertices, twins[self.faces])[twins],
            uvs=self.uvs,
            faces=self.faces,
            albedo=self.albedo,
            roughness=0.45,
        )


def load_scan(folder: Path) -> Scan:
    """Read `lee_perry_smith.glb` and `color.jpg`; its texture is stored with v running up."""
    content = (folder / "lee_perry_smith.glb").read_bytes()
    (length,) = struct.unpack_from("<I", content, 12)
    document = json.loads(content[20 : 20 + length])
    binary = content[28 + length :]

    def values(accessor: int, kind: str, columns: int) -> Array:
        description = document["accessors"][accessor]
        start = document["bufferViews"][description["bufferView"]]["byteOffset"]
        flat = np.frombuffer(binary, kind, description["count"] * columns, start)
        return flat.reshape(-1, columns)

    primitive = document["meshes"][0]["primitives"][0]
    uvs = values(primitive["attributes"]["TEXCOORD_0"], "<f4", 2).astype(np.float64)
    srgb = np.asarray(Image.open(folder / "color.jpg").convert("RGB")) / 255.0
    return Scan(
        vertices=values(primitive["attributes"]["POSITION"], "<f4", 3).astype(np.float64),
        uvs=np.stack([uvs[:, 0], 1 - uvs[:, 1]], 1),
        faces=values(primitive["indices"], "<u2", 1).reshape(-1, 3).astype(np.int64),
        albedo=np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4),
    )
