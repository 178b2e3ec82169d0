"""Where things built once are kept, and arrays that are built the first time they are needed."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path, user_data_path
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_safetensors
from torch import Tensor

from avatar.core.errors import OutputError
from avatar.files.atomic import atomic_write, make_folder

CACHE_VARIABLE = "AVATAR_CACHE"


@dataclass(frozen=True, kw_only=True)
class TensorRecord:
    """Named tensors with named texts beside them."""

    tensors: Mapping[str, Tensor]
    texts: Mapping[str, str]


def cache_folder() -> Path:
    """Return the user's cache folder, which need not exist; AVATAR_CACHE names another."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    return user_cache_path("avatar", appauthor=False)


def data_folder() -> Path:
    """Return the folder of what the user added, e.g. head models; it need not exist.

    Lies in AVATAR_CACHE where that is set, so that a test or a container has all in one place.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen) / "data"
    return user_data_path("avatar", appauthor=False)


def fingerprint(parts: Iterable[str | Path]) -> str:
    """Return a short name of texts and of the content of files: it changes when they do."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.hexdigest()[:16]


def cached_record(name: str, version: str, build: Callable[[], TensorRecord]) -> TensorRecord:
    """Return a record from the cache, building and keeping it when it is not there.

    `version` (see `fingerprint`) must change whenever `build` would return something else. A
    damaged file is built anew. Where nothing can be written, the record is built in every process.

    Args:
        name: a file name without suffix.
        version: a part of the file's name.
        build: makes the record.
    """
    path = cache_folder() / f"{name}-{version}.safetensors"
    found = _read(path)
    if found is not None:
        return found
    record = build()
    try:
        make_folder(path.parent)
        with atomic_write(path) as file:
            file.write(_bytes_of(record))
    except OutputError:
        return record
    # Read back, so that the first run computes with the very arrays of later ones.
    return _read(path) or record


def _bytes_of(record: TensorRecord) -> bytes:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in record.tensors.items()}
    return save_safetensors(tensors, metadata=dict(record.texts))


def _read(path: Path) -> TensorRecord | None:
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return TensorRecord(tensors=tensors, texts=file.metadata() or {})
    except (SafetensorError, OSError, ValueError):
        return None
