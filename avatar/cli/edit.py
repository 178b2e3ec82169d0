"""`avatar edit`: a head made older, heavier, darker."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from avatar.cli.inputs import check_inputs
from avatar.cli.outputs import HEAD_SUFFIXES, check_paths, check_suffix
from avatar.create.edit_options import EditOptions

EDIT_DEFAULTS = EditOptions()


def edit(
    head: Positional[Path],
    *,
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = (Path("edited.avatar"),),
    change: OmitArgPrefixes[EditOptions] = EDIT_DEFAULTS,
) -> None:
    """Change a head's age, weight, gender, ancestry, skin tone or detail; it stays that person.

    For example:
      avatar edit head.avatar --age 20 -o older.avatar
      avatar edit head.avatar --weight 0.6 --gender -0.3 -o other.glb other.avatar
      avatar edit head.avatar --tone 0.3 --detail 1.5 -o darker.avatar

    Changes add up, and the opposite value takes a change back.

    Args:
        head: whose head (.avatar), of the built-in head model for changes of shape.
        output: the head to write: .glb, .avatar, or both.
        change: by how much.
    """
    for path in output:
        check_suffix("output", path, HEAD_SUFFIXES)
    check_paths(output)
    check_inputs(head)
    if change == EDIT_DEFAULTS:
        sys.stderr.write("warning: nothing was asked to change; see avatar edit --help\n")
    from avatar.core.avatar import Avatar  # noqa: PLC0415 - torch, only when there is work
    from avatar.create.edit import edit as edit_head  # noqa: PLC0415
    from avatar.export.glb import export_glb  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415

    edited = edit_head(Avatar.load(head), change)
    with atomic_outputs(output) as temporary:
        for path in output:
            if path.suffix.lower() == ".avatar":
                edited.save(temporary[path])
            else:
                export_glb(edited, temporary[path])
    sys.stdout.writelines(f"{path}\n" for path in output)
