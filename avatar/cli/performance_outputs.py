"""Files a performance is written to, shared by the commands that make one."""

from pathlib import Path
from typing import TYPE_CHECKING

from avatar.animation.film_options import FILM_SUFFIXES, FilmOptions
from avatar.cli.outputs import check_paths, check_suffix
from avatar.core.errors import OptionError

if TYPE_CHECKING:
    from avatar.core.avatar import Avatar
    from avatar.core.clip import Clip

CURVES = (".csv", ".npz")


def is_film(path: Path) -> bool:
    """Tell whether a path names a film."""
    return path.suffix.lower() in FILM_SUFFIXES


def check_performance_outputs(
    outputs: tuple[Path, ...], suffixes: tuple[str, ...], film: FilmOptions
) -> None:
    """Refuse, before the work, what could not be written at its end.

    Raises:
        OptionError: no output, two in one file, or a file type not among `suffixes`.
        OutputError: a folder that does not exist, or a film that cannot be encoded.
    """
    from avatar.animation.check_film import check_film  # noqa: PLC0415

    if not outputs:
        raise OptionError("output: expected at least one file, got none")
    for path in outputs:
        check_suffix("output", path, suffixes)
    check_paths(outputs)
    for path in outputs:
        if is_film(path):
            check_film(path, film)


def write_performance(head: "Avatar | None", clip: "Clip", path: Path, kind: str) -> None:
    """Write a clip to `path` as the kind of file that a suffix names.

    .csv for Live Link Face, .npz as arrays, .glb on the head, .avatar the head alone.
    """
    from avatar.animation.clip_file import save_clip  # noqa: PLC0415
    from avatar.animation.live_link import write_live_link  # noqa: PLC0415
    from avatar.export.glb import GlbOptions, export_glb  # noqa: PLC0415

    if kind == ".csv":
        write_live_link(clip, path)
    elif kind == ".npz":
        save_clip(clip, path)
    elif head is None:
        raise AssertionError("a head is made for every output that holds one")
    elif kind == ".glb":
        export_glb(head, path, GlbOptions(clip=clip))
    else:
        head.save(path)
