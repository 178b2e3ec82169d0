"""ICT-FaceKit's own files as arrays, in its own units (centimetres) and names.

The layout is the one of github.com/ICT-VGL/ICT-FaceKit (MIT): a folder `FaceXModel` with a neutral
mesh, one OBJ for each identity mode and each expression, all of one topology, and
`vertex_indices.json`. A folder, or a `.tar.xz`/`.tar.gz`/`.zip` of one, is read alike.
"""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from avatar.core.errors import ModelError

VERTEX_COUNT = 26719
POLYGON_COUNT = 26384
NEUTRAL = "generic_neutral_mesh"
INDICES = "vertex_indices"
_LARGEST_FILE = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class IctSource:
    """The model as published: centimetres, +Y up, the face looks along +Z, left is +X.

    Polygons are cut into triangle fans; `polygon` tells which one a triangle came from.
    `identity` and `expressions` are displacements from `neutral`, the expressions in the order of
    `expression_names`; `uvs` have v running up and number their tiles by the integer part of u.
    """

    neutral: Float[ndarray, "verts 3"]
    uvs: Float[ndarray, "uvs 2"]
    faces: Int[ndarray, "faces 3"]
    uv_faces: Int[ndarray, "faces 3"]
    polygon: Int[ndarray, " faces"]
    identity: Float[ndarray, "modes verts 3"]
    expressions: Float[ndarray, "shapes verts 3"]
    expression_names: tuple[str, ...]
    landmarks68: Int[ndarray, "68"]


def read_ict(path: Path, told: Callable[[float], None] | None = None) -> IctSource:
    """Read ICT-FaceKit from its folder or an archive of it; `told` gets the share read so far.

    Raises:
        ModelError: the path is missing, a file is missing or damaged, or the counts are not the
            published ones.
    """
    files = {name.stem: text for name, text in _texts(path)}
    missing = [name for name in (NEUTRAL, INDICES, "identity000") if name not in files]
    if missing:
        raise ModelError(
            f"ICT-FaceKit {path}: expected {', '.join(missing)} among its files, found "
            f"{len(files)} others; give the folder or archive that holds FaceXModel"
        )
    try:
        return _parse(files, told or _silent)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(f"ICT-FaceKit {path}: damaged ({error}); download it again") from error


def _parse(files: dict[str, str], told: Callable[[float], None]) -> IctSource:
    indices = json.loads(files[INDICES])
    names = tuple(str(name) for name in indices["expressions"])
    absent = [name for name in names if name not in files]
    if absent:
        raise ValueError(f"expressions {', '.join(absent)} are missing")
    modes = _identity_names(files)
    neutral = _obj_vertices(files[NEUTRAL], NEUTRAL)
    uvs, faces, uv_faces, polygon = _obj_topology(files[NEUTRAL])
    shapes = [*modes, *names]
    moved = np.empty((len(shapes), VERTEX_COUNT, 3))
    for number, name in enumerate(shapes):
        told(number / len(shapes))
        moved[number] = _obj_vertices(files[name], name) - neutral
    return IctSource(
        neutral=neutral,
        uvs=uvs,
        faces=faces,
        uv_faces=uv_faces,
        polygon=polygon,
        identity=moved[: len(modes)],
        expressions=moved[len(modes) :],
        expression_names=names,
        landmarks68=np.array(indices["idx_to_landmark_verts"], dtype=np.int64).reshape(68),
    )


def _identity_names(files: dict[str, str]) -> list[str]:
    names = sorted(name for name in files if name.startswith("identity"))
    expected = [f"identity{index:03d}" for index in range(len(names))]
    if names != expected:
        absent = sorted(set(expected) - set(names))
        raise ValueError(f"identity modes are not consecutive: {', '.join(absent)} missing")
    return names


def _obj_vertices(text: str, name: str) -> Float[ndarray, "verts 3"]:
    rows = [line[2:] for line in text.splitlines() if line.startswith("v ")]
    if len(rows) != VERTEX_COUNT:
        raise ValueError(f"{name}: expected {VERTEX_COUNT} vertices, got {len(rows)}")
    vertices = np.array(" ".join(rows).split(), dtype=np.float64).reshape(VERTEX_COUNT, -1)[:, :3]
    if not np.isfinite(vertices).all():
        raise ValueError(f"{name}: vertices that are not finite")
    return vertices


def _obj_topology(
    text: str,
) -> tuple[
    Float[ndarray, "uvs 2"],
    Int[ndarray, "faces 3"],
    Int[ndarray, "faces 3"],
    Int[ndarray, " faces"],
]:
    uvs = np.array([line.split()[1:3] for line in text.splitlines() if line.startswith("vt ")])
    polygons = [
        [corner.split("/") for corner in line.split()[1:]]
        for line in text.splitlines()
        if line.startswith("f ")
    ]
    if len(polygons) != POLYGON_COUNT:
        raise ValueError(f"expected {POLYGON_COUNT} polygons, got {len(polygons)}")
    fans = [
        (index, polygon[0], polygon[corner], polygon[corner + 1])
        for index, polygon in enumerate(polygons)
        for corner in range(1, len(polygon) - 1)
    ]
    corners = np.array([[corner[:2] for corner in fan[1:]] for fan in fans], dtype=np.int64) - 1
    faces, uv_faces = corners[..., 0], corners[..., 1]
    if corners.min() < 0 or faces.max() >= VERTEX_COUNT or uv_faces.max() >= len(uvs):
        raise ValueError("a polygon refers to a vertex that is not there")
    polygon = np.array([fan[0] for fan in fans], dtype=np.int64)
    return uvs.astype(np.float64), faces, uv_faces, polygon


def _texts(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the model's text files, wherever under the path or in the archive they lie."""
    if not path.exists():
        raise ModelError(f"ICT-FaceKit {path}: no such file or folder")
    try:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if _wanted(file) and file.is_file():
                    yield file, file.read_text()
        elif zipfile.is_zipfile(path):
            yield from _zip_texts(path)
        else:
            yield from _tar_texts(path)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"ICT-FaceKit {path}: cannot be read ({error}); give the folder, a .tar.xz or a .zip"
        ) from error


def _tar_texts(path: Path) -> Iterator[tuple[Path, str]]:
    with tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name)
            if member.isfile() and _wanted(name) and member.size <= _LARGEST_FILE:
                content = archive.extractfile(member)
                if content is not None:
                    yield name, io.TextIOWrapper(content).read()


def _zip_texts(path: Path) -> Iterator[tuple[Path, str]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = Path(member.filename)
            if _wanted(name) and member.file_size <= _LARGEST_FILE:
                yield name, archive.read(member).decode()


def _wanted(name: Path) -> bool:
    return name.suffix == ".obj" or name.name == f"{INDICES}.json"


def _silent(share: float) -> None:
    """Tell nobody."""
    del share
