"""Shaders, read from the files beside this one."""

from importlib.resources import files
from typing import Any

import moderngl

_INCLUDE = "#include "


def program(
    context: moderngl.Context,
    vertex: str,
    fragment: str,
    constants: tuple[tuple[str, int | bool], ...] = (),
) -> moderngl.Program:
    """Return the program of two files under `shaders`, with these constants in the fragment's."""
    version, rest = _source(fragment).split("\n", 1)
    defines = "".join(f"#define {name} {str(value).lower()}\n" for name, value in constants)
    return context.program(
        vertex_shader=_source(vertex), fragment_shader=f"{version}\n{defines}{rest}"
    )


def assign(target: moderngl.Program, values: dict[str, Any]) -> None:
    """Set uniforms by their names; those that the compiler found unused are left out."""
    for name, value in values.items():
        if name in target:
            uniform: Any = target[name]
            if isinstance(value, bytes):
                uniform.write(value)
            else:
                uniform.value = value


def _source(name: str) -> str:
    text = (files("viewers.desktop") / "shaders" / name).read_text(encoding="utf-8")
    lines = [
        _source(line.removeprefix(_INCLUDE)) if line.startswith(_INCLUDE) else line
        for line in text.splitlines()
    ]
    return "\n".join(lines) + "\n"
