"""Displacement maps beside an exported head, for the tools that take them; glTF has no place."""

import json
from pathlib import Path

from avatar.core.avatar import Avatar
from avatar.core.errors import OutputError
from avatar.files.atomic import atomic_outputs
from avatar.files.displacement import ZERO, displacement_levels
from avatar.files.png import encode_png


def export_displacement(avatar: Avatar, path: Path | str) -> tuple[Path, ...]:
    """Write the displacement maps of a head exported as `path` beside it; return all files.

    `NAME_MATERIAL_displacement.png` has 16 bits, `NAME_displacement.json` says how many metres
    along the mesh's normal a level is, and which level is none. The files appear all or none.

    Raises:
        OutputError: no material has such a map, or a file cannot be written.
        BundleError: a map holds no numbers.
    """
    path = Path(path)
    contents: dict[Path, bytes] = {}
    table: dict[str, dict[str, object]] = {}
    for material in avatar.materials:
        if material.displacement_map is None:
            continue
        levels, step = displacement_levels(material.displacement_map)
        target = path.with_name(f"{path.stem}_{material.name}_displacement.png")
        contents[target] = encode_png(levels)
        table[material.name] = {"file": target.name, "zero": ZERO, "metres_per_level": step}
    if not table:
        raise OutputError(f"{avatar.info.name}: no material of this avatar has a displacement map")
    contents[path.with_name(f"{path.stem}_displacement.json")] = json.dumps(
        table, indent=1
    ).encode()
    with atomic_outputs(contents) as temporary:
        for target, data in contents.items():
            temporary[target].write_bytes(data)
    return tuple(contents)
