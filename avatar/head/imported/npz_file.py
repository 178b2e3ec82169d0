"""The arrays of an .npz file, read with limits and without unpickling anything."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy import ndarray

from avatar.core.errors import ModelError

LARGEST_CONTENT = 2 * 2**30


def read_npz(path: Path, names: Iterable[str], *, what: str) -> Mapping[str, ndarray]:
    """Return those of the named arrays that an .npz file holds.

    Args:
        path: the file.
        names: arrays to read; the others are left alone.
        what: the format's name, for messages.

    Raises:
        ModelError: the file is missing or damaged, holds more than two gigabytes, or keeps one of
            the named arrays as Python objects.
    """
    wanted = set(names)
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LARGEST_CONTENT:
            raise ModelError(
                f"{what} {path}: expected at most {LARGEST_CONTENT} bytes of arrays, got {size}"
            )
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if name in wanted}
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{what} {path}: expected an .npz file of plain arrays ({error}); download it again"
        ) from error


def array_names(path: Path) -> tuple[str, ...]:
    """Return the names of all arrays in an .npz file that `read_npz` could read."""
    with zipfile.ZipFile(path) as archive:
        return tuple(name.removesuffix(".npy") for name in archive.namelist())
