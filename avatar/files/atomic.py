"""Writing a file, or several, whole or not at all."""

import contextlib
import secrets
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import BinaryIO

from avatar.core.errors import OutputError


@contextlib.contextmanager
def atomic_write(path: Path | str) -> Generator[BinaryIO, None, None]:
    """Open a file for writing that appears under its name only once it is complete.

    What is written goes to a hidden neighbour, which replaces `path` when the `with` block ends
    well and is deleted when it does not; an older file at `path` survives a failure untouched. A
    symbolic link stays a link: the file it points to is replaced.

    Raises:
        OutputError: the folder is missing or closed to us, the disk is full, or `path` is something
            other than a file.
    """
    target = _target_of(Path(path))
    partial = _hidden_neighbour(target)
    try:
        # "x": the usual permissions (mkstemp's are private), and never somebody else's file.
        with partial.open("xb") as file:
            yield file
        partial.replace(target)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_outputs(paths: Iterable[Path]) -> Generator[dict[Path, Path], None, None]:
    """Give for each of `paths` a file to write instead; all appear when the `with` block ends well.

    The files given are hidden neighbours with the same suffix. When the block fails, or one of
    them cannot be put in place, none of them stays and older files are as they were.

    Raises:
        OutputError: a path that cannot be written, or one that the block wrote nothing to.
    """
    targets = {path: _target_of(path) for path in paths}
    partials = {path: _hidden_neighbour(target) for path, target in targets.items()}
    try:
        yield partials
        _put_in_place([(partials[path], target) for path, target in targets.items()])
    except OSError as error:
        asked_for = {str(partial): path for path, partial in partials.items()}
        name = asked_for.get(str(error.filename)) or ", ".join(map(str, targets))
        raise OutputError(f"{name}: cannot be written: {error.strerror or error}") from error
    finally:
        for partial in partials.values():
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Make sure that a file can be written at `path`, leaving nothing behind.

    Raises:
        OutputError: it cannot.
    """
    target = _target_of(path)
    probe = _hidden_neighbour(target)
    try:
        probe.open("xb").close()
        probe.unlink()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def make_folder(path: Path) -> None:
    """Make a folder, with those above it, unless it is there.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{path}: cannot be made a folder: {reason}") from error


def _put_in_place(moves: list[tuple[Path, Path]]) -> None:
    """Move every file to its target; when one cannot be moved, undo those before it."""
    with contextlib.ExitStack() as undo:
        kept: list[Path] = []
        for partial, target in moves:
            if target.exists():
                older = _hidden_neighbour(target)
                target.rename(older)
                undo.callback(older.replace, target)
                kept.append(older)
            else:
                undo.callback(target.unlink, missing_ok=True)
            partial.replace(target)
        undo.pop_all()
    for older in kept:
        with contextlib.suppress(OSError):
            older.unlink()


def _hidden_neighbour(target: Path) -> Path:
    # The suffix is kept: some writers choose the format by it.
    return target.with_name(f".{target.stem[:50]}.{secrets.token_hex(4)}{target.suffix[:20]}")


def _target_of(path: Path) -> Path:
    """Return the file that `path` names, links followed, once it is sure one can lie there."""
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            kind = "a folder" if target.is_dir() else "a device or pipe"
            raise OutputError(f"{path}: cannot be written: it is {kind}; give a file name")
        if not target.parent.is_dir():
            raise OutputError(
                f"{path}: cannot be written: there is no folder {target.parent}; create it first"
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(f"{path!r}: not a path that can be written: {error}") from error
    return target
