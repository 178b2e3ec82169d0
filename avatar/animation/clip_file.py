"""Clips as .npz files: plain arrays that numpy opens anywhere."""

import io
import zipfile
from pathlib import Path

import numpy as np
import torch

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.files.atomic import atomic_write


def save_clip(clip: Clip, path: Path | str) -> None:
    """Write a clip, whole or not at all; OutputError if it cannot be written."""
    arrays: dict[str, np.ndarray] = {
        "times": clip.times.cpu().numpy(),
        "weights": clip.weights.cpu().numpy(),
        "weight_names": np.array(ARKIT_NAMES),
        "name": np.array(clip.name),
        "joint_names": np.array(clip.joint_names, dtype=np.str_),
    }
    if clip.joint_rotations is not None:
        arrays["joint_rotations"] = clip.joint_rotations.cpu().numpy()
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    with atomic_write(path) as file:
        file.write(buffer.getvalue())


def load_clip(path: Path | str) -> Clip:
    """Read a clip; safe for files from strangers.

    Raises:
        OptionError: it is no clip, or its arrays do not go together.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            names = [str(name) for name in file["weight_names"]]
            order = [names.index(name) for name in ARKIT_NAMES]
            times = torch.from_numpy(file["times"].astype(np.float32))
            weights = torch.from_numpy(file["weights"].astype(np.float32)[:, order])
            joints = tuple(str(name) for name in file["joint_names"])
            turns = file.get("joint_rotations")
            title = str(file["name"])
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise OptionError(f"{path}: cannot be read as a clip ({error})") from error
    rotations = None if turns is None else torch.from_numpy(turns.astype(np.float32))
    shapes_fit = len(times) == len(weights) and bool((times.diff() > 0).all())
    if rotations is not None:
        shapes_fit = shapes_fit and tuple(rotations.shape) == (len(times), len(joints), 4)
    if not shapes_fit:
        raise OptionError(f"{path}: its times, weights and rotations do not go together")
    return Clip(
        times=times, weights=weights, joint_names=joints, joint_rotations=rotations, name=title
    )
