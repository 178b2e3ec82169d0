"""A painted triangle surface, as the independent renderer gets it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Triangles in metres with a linear albedo texture; `uvs` have (0, 0) at its top left."""

    name: str
    vertices: Array
    normals: Array
    uvs: Array
    faces: NDArray[np.int64]
    albedo: Array
    roughness: float = 0.45


def smooth_normals(vertices: Array, faces: NDArray[np.int64]) -> Array:
    """Return area-weighted unit vertex normals; vertices in no triangle get those of a twin."""
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], normals)
    return total / np.linalg.norm(total, axis=1, keepdims=True).clip(1e-12)


def write_ply(surface: Surface, path: Path) -> None:
    """Write position, normal and texture coordinates as binary PLY."""
    columns = np.hstack([surface.vertices, surface.normals, surface.uvs]).astype("<f4")
    names = ("x", "y", "z", "nx", "ny", "nz", "u", "v")
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(columns)}"]
    header += [f"property float {name}" for name in names]
    header += [f"element face {len(surface.faces)}", "property list uchar int vertex_indices"]
    faces = np.empty(len(surface.faces), dtype=[("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, surface.faces
    text = "\n".join([*header, "end_header", ""])
    path.write_bytes(text.encode() + columns.tobytes() + faces.tobytes())
