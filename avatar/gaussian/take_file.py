"""Takes as files: one safetensors file with the frames, the poses and the head."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.errors import BundleError, OutputError
from avatar.core.splats import LAYERS
from avatar.core.transform import Transform
from avatar.files.atomic import atomic_outputs
from avatar.files.bundle import load_avatar, save_avatar
from avatar.files.bundle_check import check_indices, check_shape, check_values
from avatar.gaussian.take import Take

TAKE_SUFFIX = ".take"
_VERSION = "1"


def save_take(take: Take, path: Path | str) -> None:
    """Write a take, whole or not at all; OutputError if it cannot be written."""
    camera, pose = take.camera, take.world_from_head
    tensors = {
        "times": take.times,
        "weights": take.weights,
        "world_from_head.rotation": pose.rotation,
        "world_from_head.translation": pose.translation,
        "intrinsics": camera.intrinsics,
        "camera_from_world.rotation": camera.camera_from_world.rotation,
        "camera_from_world.translation": camera.camera_from_world.translation,
        "pictures": take.pictures,
        "mattes": take.mattes,
        "regions": take.regions.int(),
        "head": _head_bytes(take),
    }
    notes = {
        "take": _VERSION,
        "name": take.name,
        "size": json.dumps([camera.width, camera.height]),
        "warnings": json.dumps(list(take.warnings)),
    }
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_outputs((Path(path),)) as temporary:
        try:
            save_file(plain, temporary[Path(path)], notes)
        except (SafetensorError, RuntimeError) as error:
            raise OutputError(f"{path}: cannot be written: {error}") from error


def load_take(path: Path | str) -> Take:
    """Read a take; safe for files from strangers.

    Raises:
        BundleError: it is missing, damaged or no take.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            notes: dict[str, str] = file.metadata() or {}
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read as a take ({error})") from error
    if notes.get("take") != _VERSION:
        raise BundleError(f"{path}: expected a take that `avatar train --take` wrote")
    try:
        return _take_of(tensors, notes)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(f"{path}: damaged: {error}") from error


def _take_of(tensors: dict[str, Tensor], notes: dict[str, str]) -> Take:
    width, height = (int(side) for side in json.loads(notes["size"]))
    frames = len(check_shape(tensors, "times", torch.float32, (None,)))

    def floats(name: str, *shape: int) -> Tensor:
        return check_values(name, check_shape(tensors, name, torch.float32, shape))

    head = _head_of(check_shape(tensors, "head", torch.uint8, (None,)))
    count = len(head.mesh.vertices)
    regions = check_shape(tensors, "regions", torch.int32, (count,))
    warnings: list[Any] = json.loads(notes["warnings"])
    return Take(
        name=notes["name"],
        head=head,
        camera=Camera(
            intrinsics=floats("intrinsics", 3, 3),
            camera_from_world=Transform(
                rotation=floats("camera_from_world.rotation", 3, 3),
                translation=floats("camera_from_world.translation", 3),
            ),
            width=width,
            height=height,
        ),
        times=floats("times", frames),
        weights=floats("weights", frames, 52),
        world_from_head=Transform(
            rotation=floats("world_from_head.rotation", frames, 3, 3),
            translation=floats("world_from_head.translation", frames, 3),
        ),
        pictures=check_shape(tensors, "pictures", torch.uint8, (frames, height, width, 3)),
        mattes=check_shape(tensors, "mattes", torch.uint8, (frames, height, width)),
        regions=check_indices("regions", regions + 1, len(LAYERS) + 1).long() - 1,
        warnings=tuple(str(warning) for warning in warnings),
    )


def _head_bytes(take: Take) -> Tensor:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "head.avatar"
        save_avatar(take.head, path)
        return torch.from_numpy(np.frombuffer(path.read_bytes(), np.uint8).copy())


def _head_of(data: Tensor) -> Avatar:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "head.avatar"
        path.write_bytes(data.numpy().tobytes())
        return load_avatar(path)
