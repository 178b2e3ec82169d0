"""Painted ICT-FaceKit heads: true geometry of a family the default model knows nothing about."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from avatar.head.ict.source import IctSource, read_ict
from avatar.ops.interpolate import interpolate
from avatar.ops.rasterize_mesh import rasterize_mesh
from tests.benchmarks.geometry.skin import Look, eye_albedo, skin_albedo
from tests.benchmarks.geometry.surface import Surface, smooth_normals

Array = NDArray[np.float64]
METRES_PER_CENTIMETRE = 0.01
IRIS_RADIUS = 0.585  # cm; a visible iris is 11.7 mm across
NARROW_FACE_VERTICES = 6706
# First and last polygon of each painted part, from the model's published topology table.
POLYGONS = {
    "face": (0, 9229),
    "head": (9230, 11143),
    "mouth": (11144, 13225),
    "eye_socket_left": (13226, 13629),
    "eye_socket_right": (13630, 14033),
    "gums": (14034, 17005),
    "teeth": (17006, 21495),
    "eye_left": (21496, 22295),
    "eye_right": (23094, 23893),
}
SKIN_PARTS = ("face", "head")
_ROUGHNESS = {"eye_left": 0.06, "eye_right": 0.06, "teeth": 0.2, "gums": 0.3}


@dataclass(frozen=True, kw_only=True)
class IctHeads:
    """The template and what is needed to shape and paint heads from it."""

    source: IctSource

    def shape(self, identity: Array, expression: Mapping[str, float]) -> Array:
        """Return vertices in centimetres of a person (standard-normal modes) and an expression."""
        source = self.source
        vertices = source.neutral + np.tensordot(identity, source.identity, axes=1)
        for name, weight in expression.items():
            vertices = vertices + weight * source.expressions[source.expression_names.index(name)]
        return vertices

    def origin(self, neutral: Array) -> Array:
        """Return the point midway between the eyeballs' centres (cm), the head frame's origin."""
        eyes = [neutral[self.vertices_of(name)] for name in ("eye_left", "eye_right")]
        return np.mean([(eye.min(0) + eye.max(0)) / 2 for eye in eyes], axis=0)

    def faces_of(self, *names: str) -> NDArray[np.int64]:
        """Return the triangles of the parts named."""
        return self.source.faces[self._triangles(*names)]

    def vertices_of(self, name: str) -> NDArray[np.int64]:
        """Return the vertices of a part, ascending."""
        return np.unique(self.faces_of(name))

    def surfaces(self, vertices: Array, look: Look) -> list[Surface]:
        """Return the painted surfaces of a shaped head, metres, ICT-FaceKit's axes."""
        normals = smooth_normals(vertices, self._twins[self.source.faces])[self._twins]
        return [self._surface(name, vertices, normals, look) for name in POLYGONS]

    def _surface(self, name: str, vertices: Array, normals: Array, look: Look) -> Surface:
        triangles = self._triangles(name)
        faces, uv_faces = self.source.faces[triangles], self.source.uv_faces[triangles]
        corners = np.stack([faces.ravel(), uv_faces.ravel()], 1)
        pairs, flat = np.unique(corners, axis=0, return_inverse=True)
        uvs = self.source.uvs[pairs[:, 1]] - (int(np.floor(self._tile(uv_faces))), 0)
        return Surface(
            name=name,
            vertices=vertices[pairs[:, 0]] * METRES_PER_CENTIMETRE,
            normals=normals[pairs[:, 0]],
            uvs=np.stack([uvs[:, 0], 1 - uvs[:, 1]], 1),
            faces=flat.reshape(-1, 3),
            albedo=_painted(self, name, look),
            roughness=_ROUGHNESS.get(name, 0.42),
        )

    def _paint(self, name: str, look: Look) -> Array:
        if name in SKIN_PARTS:
            landmarks = self.source.neutral[self.source.landmarks68]
            return skin_albedo(_position_map(self, name, 768), landmarks, look)
        if name in ("eye_left", "eye_right"):
            eye = self.source.neutral[self.vertices_of(name)]
            centre = (eye.min(0) + eye.max(0)) / 2
            return eye_albedo(_position_map(self, name, 256), centre, look, IRIS_RADIUS)
        flat = {
            "teeth": (0.60, 0.55, 0.44),
            "gums": (0.36, 0.13, 0.12),
            "mouth": (0.25, 0.08, 0.07),
        }
        socket = np.array(look.skin) * (0.75, 0.5, 0.5)
        return np.full((4, 4, 3), flat.get(name, socket))

    def _tile(self, uv_faces: NDArray[np.int64]) -> float:
        return float(self.source.uvs[uv_faces.ravel(), 0].mean())

    def _triangles(self, *names: str) -> NDArray[np.bool_]:
        polygon = self.source.polygon
        ranges = [POLYGONS[name] for name in names]
        return np.any([(polygon >= a) & (polygon <= b) for a, b in ranges], axis=0)

    @cached_property
    def _twins(self) -> NDArray[np.int64]:
        """The first vertex that lies where each vertex lies, for normals across seams."""
        _, first, inverse = np.unique(
            self.source.neutral.round(5), axis=0, return_index=True, return_inverse=True
        )
        return first[inverse]

    def __hash__(self) -> int:
        return id(self)


@lru_cache(maxsize=16)
def _painted(heads: IctHeads, name: str, look: Look) -> Array:
    """Return the part's texture; kept, since all pictures of a subject need it."""
    return heads._paint(name, look)


@lru_cache(maxsize=16)
def _position_map(heads: IctHeads, name: str, size: int) -> Array:
    """Return the template position (cm) under each texel of a part's texture, gaps filled."""
    triangles = heads._triangles(name)
    faces, uv_faces = heads.source.faces[triangles], heads.source.uv_faces[triangles]
    uvs = heads.source.uvs - (int(np.floor(heads._tile(uv_faces))), 0)
    pixels = np.stack([uvs[:, 0], 1 - uvs[:, 1]], 1) * size - 0.5
    corners = torch.from_numpy(heads.source.neutral[faces]).reshape(-1, 3).float()
    own = torch.from_numpy(pixels[uv_faces]).reshape(-1, 2).float()
    index = torch.arange(len(own)).reshape(-1, 3)
    fragments = rasterize_mesh(own, torch.ones(len(own)), index, size, size)
    positions = interpolate(fragments, index, corners).numpy().astype(np.float64)
    empty = (fragments.triangles < 0).numpy()
    nearest = ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
    return positions[tuple(nearest)]


def load_ict_heads(path: Path) -> IctHeads:
    """Read the model from its folder or archive."""
    return IctHeads(source=read_ict(path))
