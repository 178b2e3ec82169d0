"""What the page takes from Python, as TypeScript: `python -m viewers.server.typescript`.

`messages.ts` has the message types, `presets.ts` the mouth shapes and emotions of the speech part,
`stage/tables.ts` what the stages share.
"""

import dataclasses
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from jaxtyping import Float

from avatar.core.arkit import ARKIT_NAMES
from avatar.files.atomic import atomic_write
from avatar.speech.emotions import EMOTIONS
from avatar.speech.mouth_shapes import MOUTH_SHAPES, spread
from viewers.server import messages
from viewers.server.stage_typescript import tables

SOURCES = Path(__file__).parents[1] / "web" / "src"

_HEAD = "// Made by `python -m viewers.server.typescript`: change the Python it is made from.\n"
_IMPORTS = (
    "import type { ARKIT_NAMES, UploadKind } from '../messages';\n\n"
    "export type Triple = readonly [number, number, number];\n"
)
_LISTED = {"STYLES": "StyleName", "EMOTION_NAMES": "EmotionName"}
"""Names that the page lets choose from."""

_SIMPLE: dict[Any, str] = {str: "string", int: "number", float: "number", bool: "boolean"}


def made_files() -> dict[str, str]:
    """Return the made files' texts by their names under `viewers/web/src`."""
    return {
        "messages.ts": _messages(),
        "presets.ts": _presets(),
        "stage/tables.ts": f"{_HEAD}\n{_IMPORTS}\n{tables()}",
    }


def _presets() -> str:
    tables = (("VISEMES", MOUTH_SHAPES), ("EMOTIONS", EMOTIONS))
    parts = [_HEAD, "export type Preset = Readonly<Record<string, number>>;\n"]
    for name, table in tables:
        rows = "".join(f"  {key}: {{ {_weights(spread(v))} }},\n" for key, v in table.items())
        parts.append(f"export const {name}: Readonly<Record<string, Preset>> = {{\n{rows}}};\n")
    return "\n".join(parts)


def _weights(row: Float[np.ndarray, "52"]) -> str:
    return ", ".join(
        f"{name}: {value:g}" for name, value in zip(ARKIT_NAMES, row.tolist(), strict=True) if value
    )


def _messages() -> str:
    aliases = {name: kind for name, kind in vars(messages).items() if get_origin(kind) is Literal}
    records = [
        kind
        for kind in vars(messages).values()
        if dataclasses.is_dataclass(kind) and kind.__module__ == messages.__name__
    ]
    parts = [_HEAD]
    parts += [f"export type {name} = {_literals(kind)};\n" for name, kind in aliases.items()]
    parts += [
        f"export const {name}: readonly {kind}[] = {list(get_args(aliases[kind]))};\n"
        for name, kind in _LISTED.items()
    ]
    parts += [_interface(record, aliases) for record in records]
    parts.append(_union("StudioEvent", messages.EVENTS))
    parts.append(_union("LiveMessage", messages.LIVE))
    parts.append(_union("JobRequest", get_args(messages.JobRequest)))
    names = ",\n".join(f"  '{name}'" for name in ARKIT_NAMES)
    parts.append(f"export const ARKIT_NAMES = [\n{names},\n] as const;\n")
    return "\n".join(parts)


def _interface(record: Any, aliases: dict[str, Any]) -> str:  # noqa: ANN401 - a dataclass
    summary = (record.__doc__ or "").split("\n", 1)[0]
    hints = get_type_hints(record)
    fields = "".join(f"  readonly {n}: {_type(kind, aliases)};\n" for n, kind in hints.items())
    return f"/** {summary} */\nexport interface {record.__name__} {{\n{fields}}}\n"


def _type(kind: Any, aliases: dict[str, Any]) -> str:  # noqa: ANN401 - any annotation
    origin = get_origin(kind)
    if kind is type(None):
        return "null"
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if origin is Literal:
        known = [name for name, alias in aliases.items() if alias == kind]
        return known[0] if known else _literals(kind)
    if origin is tuple:
        return f"readonly {_type(get_args(kind)[0], aliases)}[]"
    if origin in (Union, types.UnionType):
        return " | ".join(_type(part, aliases) for part in get_args(kind))
    if dataclasses.is_dataclass(kind):
        return getattr(kind, "__name__", "")
    raise TypeError(f"no TypeScript for {kind}")


def _literals(kind: Any) -> str:  # noqa: ANN401 - a Literal
    return " | ".join(f"'{value}'" for value in get_args(kind))


def _union(name: str, records: tuple[Any, ...]) -> str:
    members = "\n".join(f"  | {record.__name__}" for record in records)
    return f"export type {name} =\n{members};\n"


if __name__ == "__main__":
    for name, text in made_files().items():
        with atomic_write(SOURCES / name) as file:
            file.write(text.encode())
