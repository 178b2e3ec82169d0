"""`avatar models`: the head models at hand."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tyro.conf import Positional

from avatar.cli.inputs import check_inputs
from avatar.cli.progress import progress_bar


def models_list() -> None:
    """List the head models that `--model` takes, with their licences."""
    from avatar.head.registry import list_models  # noqa: PLC0415

    table = Table("name", "kind", "licence", "where")
    for entry in list_models():
        table.add_row(entry.name, entry.kind, entry.licence, str(entry.path or "built in"))
    Console(file=sys.stdout).print(table)


def models_add(kind: Positional[str], path: Positional[Path], *, name: str | None = None) -> None:
    """Add a head model you have: nothing is downloaded, its licence stays yours to keep.

    The files are read and checked, given regions and landmarks, and kept as arrays in the cache
    folder, so that later runs start at once; half a minute for ICT-FaceKit.

    For example:
      avatar models add ict ./ICT-FaceKit/FaceXModel
      avatar models add flame ./flame2023.pkl --name flame

    Args:
        kind: what it is: ict (a folder or .tar.xz), flame (.pkl or .npz) or gnm (.npz).
        path: where it lies.
        name: what to call it; the kind, if nothing is said.
    """
    check_inputs(path)
    from avatar.head.registry import register_model  # noqa: PLC0415

    with progress_bar("avatar models add") as progress:
        progress(f"reading {path.name}", 0.05)

        def told(share: float) -> None:
            progress("converting the shapes", 0.2 + 0.6 * share)

        entry = register_model(name or kind, path, kind, told)
    sys.stdout.write(f"added {entry.name} ({entry.licence}); use it with --model {entry.name}\n")


def models_remove(name: Positional[str]) -> None:
    """Take a head model off the list; its files stay where they lie.

    For example:
      avatar models remove ict

    Args:
        name: what `avatar models list` calls it.
    """
    from avatar.head.registry import forget_model  # noqa: PLC0415

    entry = forget_model(name)
    sys.stdout.write(f"removed {entry.name}; its files stay in {entry.path}\n")
