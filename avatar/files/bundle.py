"""The `.avatar` file: one person's head in a zip of a JSON manifest, tensors and PNG textures.

    manifest.json         schema version, names, material factors, the report
    tensors.safetensors   vertices, faces, morphs, weights
    splats.safetensors    Gaussians on the mesh, where there are any (`avatar.files.bundle_splats`)
    textures/*.png        base colour in sRGB, others linear; normals and displacement in 16 bits

Safe to open from a stranger: no code is stored, nothing is unpacked to disk, sizes are limited
(`avatar.files.archive`), and every array is checked before it is used. The same avatar gives the
same bytes. Textures are rounded to the depth stated; everything else comes back exactly.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from avatar.core.avatar import Avatar, AvatarInfo
from avatar.core.errors import BundleError
from avatar.core.mesh import Mesh, MeshPart, SurfacePoints
from avatar.core.rig import Rig
from avatar.files.archive import read_archive, write_archive
from avatar.files.atomic import atomic_write
from avatar.files.bundle_check import Fields, check_indices, check_shape, check_values
from avatar.files.bundle_material import pack_material, unpack_material
from avatar.files.bundle_splats import SPLATS, pack_splats, unpack_splats

SCHEMA = 1
"""Rises whenever an older version would misread the file."""

_FORMAT = "avatar"
_MANIFEST = "manifest.json"
_TENSORS = "tensors.safetensors"
_MAX_MANIFEST_BYTES = 1 << 24


def save_avatar(avatar: Avatar, path: Path | str) -> None:
    """Write an avatar to an `.avatar` file, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
        BundleError: the avatar does not fit the format, e.g. a report that is not JSON.
    """
    textures: dict[str, bytes] = {}
    materials = [
        pack_material(material, index, textures) for index, material in enumerate(avatar.materials)
    ]
    manifest = {
        "format": _FORMAT,
        "schema": SCHEMA,
        "info": asdict(avatar.info),
        "parts": [{"name": part.name, "material": part.material} for part in avatar.mesh.parts],
        "joint_names": list(avatar.rig.joint_names),
        "parents": list(avatar.rig.parents),
        "materials": materials,
        "report": avatar.report,
    }
    splats = {} if avatar.splats is None else pack_splats(avatar.splats, manifest)
    try:
        text = json.dumps(manifest, indent=1, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise BundleError(f"report: expected JSON values, finite numbers only ({error})") from error
    entries = {
        _MANIFEST: text.encode(),
        _TENSORS: save_safetensors(_tensors_of(avatar)),
        **splats,
        **textures,
    }
    with atomic_write(path) as file:
        write_archive(file, entries)


def load_avatar(path: Path | str) -> Avatar:
    """Read an `.avatar` file, checking everything in it.

    Raises:
        BundleError: it is missing, damaged, unsafe, inconsistent, or from a newer version.
    """
    path = Path(path)
    entries = read_archive(path)
    try:
        return _avatar_of(entries)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error


def _avatar_of(entries: dict[str, bytes]) -> Avatar:
    manifest = _manifest_of(_entry(entries, _MANIFEST))
    tensors = _load_tensors(_TENSORS, _entry(entries, _TENSORS))
    info = manifest.record("info")
    splats = None
    if manifest.values.get("splats") is not None:
        count = len(_floats(tensors, "vertices", (None, 3)))
        kept = _load_tensors(SPLATS, _entry(entries, SPLATS))
        splats = unpack_splats(manifest.record("splats"), kept, count)
    parts = tuple(
        _part_of(index, part, tensors) for index, part in enumerate(manifest.records("parts"))
    )
    mesh = Mesh(
        vertices=_floats(tensors, "vertices", (None, 3)),
        uvs=_floats(tensors, "uvs", (None, 2)),
        parts=parts,
    )
    avatar = Avatar(
        info=AvatarInfo(
            name=info.text("name"),
            head_model=info.text("head_model"),
            licence=info.text("licence"),
            generator=info.text("generator"),
        ),
        mesh=mesh,
        rig=_rig_of(manifest, tensors, len(mesh.vertices)),
        materials=tuple(unpack_material(m, entries) for m in manifest.records("materials")),
        landmarks68=SurfacePoints(
            corners=_indices(tensors, "landmarks68.corners", 68, len(mesh.vertices)),
            barycentrics=_floats(tensors, "landmarks68.barycentrics", (68, 3)),
        ),
        report=manifest.record("report").values,
        splats=splats,
    )
    _check_consistent(avatar)
    return avatar


def _tensors_of(avatar: Avatar) -> dict[str, Tensor]:
    tensors = {
        "vertices": avatar.mesh.vertices,
        "uvs": avatar.mesh.uvs,
        "morphs": avatar.rig.morphs,
        "joint_positions": avatar.rig.joint_positions,
        "skin_weights": avatar.rig.skin_weights,
        "landmarks68.corners": avatar.landmarks68.corners,
        "landmarks68.barycentrics": avatar.landmarks68.barycentrics,
    }
    for index, part in enumerate(avatar.mesh.parts):
        tensors[f"parts.{index}.faces"] = part.faces
        tensors[f"parts.{index}.uv_faces"] = part.uv_faces
    return {
        name: tensor.detach().cpu().to(_stored_dtype(tensor)).contiguous().clone()
        for name, tensor in tensors.items()
    }


def _stored_dtype(tensor: Tensor) -> torch.dtype:
    return torch.float32 if tensor.dtype.is_floating_point else torch.int32


def _entry(entries: dict[str, bytes], name: str) -> bytes:
    if name not in entries:
        raise BundleError(f"it has no {name}; it is damaged or no .avatar file")
    return entries[name]


def _manifest_of(data: bytes) -> Fields:
    if len(data) > _MAX_MANIFEST_BYTES:
        raise BundleError(f"{_MANIFEST}: unsafe: {len(data):,} bytes")
    try:
        values = json.loads(data.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{_MANIFEST}: damaged: {error}") from error
    if not isinstance(values, dict):
        raise BundleError(f"{_MANIFEST}: expected an object")
    manifest = Fields(_MANIFEST, cast("dict[str, Any]", values))
    if values.get("format") != _FORMAT:
        raise BundleError(f"{_MANIFEST}: expected format {_FORMAT!r}; this is no .avatar file")
    schema = manifest.integer("schema")
    if schema > SCHEMA:
        raise BundleError(
            f"written by a newer version (schema {schema}; this one reads up to {SCHEMA}); "
            "upgrade the avatar package"
        )
    if schema < 1:
        raise BundleError(f"{_MANIFEST}: schema: expected 1 to {SCHEMA}, got {schema}")
    return manifest


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _load_tensors(name: str, data: bytes) -> dict[str, Tensor]:
    try:
        return load_safetensors(data)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise BundleError(f"{name}: damaged: {error}") from error


def _floats(tensors: dict[str, Tensor], name: str, shape: tuple[int | None, ...]) -> Tensor:
    tensor = check_shape(tensors, name, torch.float32, shape)
    return check_values(name, tensor)


def _indices(tensors: dict[str, Tensor], name: str, rows: int | None, limit: int) -> Tensor:
    tensor = check_shape(tensors, name, torch.int32, (rows, 3))
    return check_indices(name, tensor, limit).long()


def _part_of(index: int, part: Fields, tensors: dict[str, Tensor]) -> MeshPart:
    vertices = check_shape(tensors, "vertices", torch.float32, (None, 3))
    uvs = check_shape(tensors, "uvs", torch.float32, (None, 2))
    faces = _indices(tensors, f"parts.{index}.faces", None, len(vertices))
    uv_faces = _indices(tensors, f"parts.{index}.uv_faces", len(faces), len(uvs))
    return MeshPart(
        name=part.text("name"), faces=faces, uv_faces=uv_faces, material=part.text("material")
    )


def _rig_of(manifest: Fields, tensors: dict[str, Tensor], vertices: int) -> Rig:
    names = manifest.texts("joint_names")
    parents = manifest.integers("parents")
    if len(parents) != len(names):
        raise BundleError(f"parents: expected one for each of {len(names)} joints")
    if any(not -1 <= parent < joint for joint, parent in enumerate(parents)):
        raise BundleError("parents: expected each before its children, -1 for the root")
    weights = _floats(tensors, "skin_weights", (vertices, len(names)))
    if (weights < 0).any() or ((weights.sum(1) - 1).abs() > 1e-3).any():
        raise BundleError("skin_weights: expected rows of weights of at least 0 that sum to 1")
    return Rig(
        morphs=_floats(tensors, "morphs", (52, vertices, 3)),
        joint_names=names,
        parents=parents,
        joint_positions=_floats(tensors, "joint_positions", (len(names), 3)),
        skin_weights=weights,
    )


def _check_consistent(avatar: Avatar) -> None:
    names = [material.name for material in avatar.materials]
    for part in avatar.mesh.parts:
        if part.material not in names:
            raise BundleError(f"part {part.name!r}: there is no material {part.material!r}")
    for what, found in (
        ("materials", names),
        ("parts", [part.name for part in avatar.mesh.parts]),
        ("joint_names", list(avatar.rig.joint_names)),
    ):
        if len(set(found)) < len(found):
            raise BundleError(f"{what}: expected different names, got {found}")
