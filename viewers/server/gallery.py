"""The heads in a folder: found by ids, shown by prepared files, renamed, deleted and brought back.

A head is one `.avatar` file in the folder. Everything else lies in a hidden folder beside them:
what is prepared to be shown, the trash, jobs and uploads.
"""

import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from avatar.core.errors import OutputError
from avatar.files.atomic import make_folder
from viewers.server.messages import AvatarEntry, Deleted
from viewers.server.names import NotThereError, clean_name, is_id, new_id

STATE_FOLDER = ".avatar-studio"
SUFFIX = ".avatar"
HEAD_FILE = "head.avatar"
PREPARED_FILES = ("view.glb", "thumb.jpg")
SPLATS_FILE = "splats.bin"

_PREPARED_VERSION = "3"
"""Rises whenever prepared files are made differently."""

_TRASH_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Gallery:
    """The heads in `folder`; paths never come from outside, only ids do."""

    folder: Path

    @property
    def state(self) -> Path:
        """The hidden folder with all that is not a head."""
        return self.folder / STATE_FOLDER

    def set_up(self) -> None:
        """Make the folders, and empty the trash of what has been there for a week."""
        for name in ("prepared", "trash", "jobs", "uploads"):
            make_folder(self.state / name)
        for item in (self.state / "trash").iterdir():
            if time.time() - item.stat().st_mtime > _TRASH_SECONDS:
                shutil.rmtree(item, ignore_errors=True)

    def entries(self) -> tuple[AvatarEntry, ...]:
        """Return the heads there are, newest first."""
        found: list[AvatarEntry] = []
        for path in self._paths():
            try:
                found.append(self._entry(path))
            except OSError:
                continue  # gone since it was listed
        return tuple(sorted(found, key=lambda entry: -entry.modified))

    def entry(self, avatar: str) -> AvatarEntry:
        """Return a head; NotThereError if there is none of that id."""
        return self._entry(self.path(avatar))

    def path(self, avatar: str) -> Path:
        """Return the file of a head; NotThereError if there is none of that id."""
        for path in self._paths():
            if id_of(path) == avatar:
                return path
        raise NotThereError("avatar: there is no such head; it may have been renamed or deleted")

    def prepared(self, avatar: str, name: str) -> Path:
        """Return a prepared file of a head; NotThereError until it is prepared, or has none."""
        if name in (*PREPARED_FILES, SPLATS_FILE):
            path = self._prepared(self.path(avatar)) / name
            if path.is_file():
                return path
        raise NotThereError(f"avatar: {name} is not ready; ask for a job of kind 'prepare'")

    def keep_prepared(self, avatar: str, made: Path) -> None:
        """Take over the prepared files that a job left in the folder `made`."""
        target = self._prepared(self.path(avatar))
        make_folder(target)
        if (made / SPLATS_FILE).is_file():
            (made / SPLATS_FILE).replace(target / SPLATS_FILE)
        for name in PREPARED_FILES:
            (made / name).replace(target / name)

    def adopt(self, made: Path, name: str) -> str:
        """Take over the head that a job left in the folder `made`; return its id."""
        path = self._free_path(clean_name(name))
        (made / HEAD_FILE).replace(path)
        self.keep_prepared(id_of(path), made)
        return id_of(path)

    def rename(self, avatar: str, name: str) -> str:
        """Give a head another name; return its new id."""
        before = self.path(avatar)
        wanted = clean_name(name)
        if wanted == before.stem:
            return avatar
        after = self._free_path(wanted)
        try:
            before.rename(after)
        except OSError as error:
            raise OutputError(f"name: cannot be changed: {error.strerror or error}") from error
        return id_of(after)

    def delete(self, avatar: str) -> Deleted:
        """Move a head to the trash."""
        path = self.path(avatar)
        undo = new_id()
        make_folder(self.state / "trash" / undo)
        try:
            path.rename(self.state / "trash" / undo / path.name)
        except OSError as error:
            raise OutputError(f"avatar: cannot be deleted: {error.strerror or error}") from error
        return Deleted(undo=undo, name=path.stem)

    def restore(self, undo: str) -> str:
        """Bring a head back from the trash; return its id."""
        folder = self.state / "trash" / undo
        found = list(folder.glob(f"*{SUFFIX}")) if is_id(undo) else []
        if not found:
            raise NotThereError("undo: there is nothing to bring back")
        path = self._free_path(found[0].stem)
        found[0].rename(path)
        shutil.rmtree(folder, ignore_errors=True)
        return id_of(path)

    def _paths(self) -> list[Path]:
        try:
            with os.scandir(self.folder) as items:
                return [
                    Path(item.path)
                    for item in items
                    if item.name.endswith(SUFFIX) and item.name[0] != "." and item.is_file()
                ]
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be read: {error.strerror}") from error

    def _entry(self, path: Path) -> AvatarEntry:
        status = path.stat()
        prepared = self._prepared(path)
        return AvatarEntry(
            id=id_of(path),
            name=path.stem,
            version=prepared.name,
            bytes=status.st_size,
            modified=status.st_mtime,
            ready=all((prepared / name).is_file() for name in PREPARED_FILES),
            splats=(prepared / SPLATS_FILE).is_file(),
        )

    def _prepared(self, path: Path) -> Path:
        # A renamed file keeps all three, a changed one does not.
        status = path.stat()
        marks = f"{_PREPARED_VERSION} {status.st_ino} {status.st_size} {status.st_mtime_ns}"
        return self.state / "prepared" / _digest(marks)

    def _free_path(self, stem: str) -> Path:
        taken = {path.name.casefold() for path in self._paths()}
        name, number = f"{stem}{SUFFIX}", 2
        while name.casefold() in taken:
            name, number = f"{stem} {number}{SUFFIX}", number + 1
        return self.folder / name


def id_of(path: Path) -> str:
    """Return the id of a head by its file's name: the same after every start."""
    return _digest(path.name)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).hexdigest()
