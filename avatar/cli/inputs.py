"""What is asked of the files given before anything slow begins."""

from pathlib import Path

from avatar.core.errors import OptionError


def check_inputs(*paths: Path | None) -> None:
    """Look whether the files that are given are there, so that a mistyped name is told at once.

    Whether they hold what they should is for their readers to say.

    Raises:
        OptionError: a path leads nowhere.
    """
    for path in paths:
        if path is not None and not path.exists():
            raise OptionError(f"{path}: there is no such file; check the path")
