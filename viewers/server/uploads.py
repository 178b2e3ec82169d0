"""Files on their way in: counted while they arrive, told apart by their bytes, kept under ids."""

import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from avatar.core.errors import AvatarError
from viewers.server.media_types import HEAD_BYTES, SUFFIXES, suffix_of
from viewers.server.messages import Uploaded, UploadKind, UploadLimit
from viewers.server.names import NotThereError, clean_name, new_id
from viewers.server.settings import MEGABYTE, StudioLimits

_KEPT_SECONDS = 3600.0


class TooLargeError(AvatarError):
    """More bytes than this kind of file may have."""


class UnknownTypeError(AvatarError):
    """A file that is not of the kind it was sent as."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that arrived, waiting for a job."""

    id: str
    kind: UploadKind
    name: str
    path: Path
    arrived: float


class Uploads:
    """The files that arrived and no job has taken yet; forgotten at the next start."""

    def __init__(self, folder: Path, limits: StudioLimits) -> None:
        self._folder = folder
        self._limits = limits
        self._files: dict[str, Upload] = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)

    def limits(self) -> tuple[UploadLimit, ...]:
        """Return what may be sent."""
        return tuple(
            UploadLimit(kind=kind, bytes=most, suffixes=SUFFIXES[kind])
            for kind, most in self._limits.uploads.items()
        )

    def check_size(self, kind: UploadKind, size: int) -> None:
        """Refuse a size, stated or counted; TooLargeError says how much is allowed."""
        most = self._limits.uploads[kind]
        if size > most:
            raise TooLargeError(
                f"{kind}: expected at most {most // MEGABYTE} MB, got {size / MEGABYTE:.0f} MB; "
                "make it shorter or smaller"
            )

    async def receive(self, kind: UploadKind, name: str, chunks: AsyncIterator[bytes]) -> Uploaded:
        """Keep a file that comes in pieces; nothing of it stays if it is refused.

        Raises:
            TooLargeError: it is longer than allowed.
            UnknownTypeError: its bytes are of another kind, or too many files are waiting.
        """
        self._forget_old()
        if len(self._files) >= self._limits.pending_uploads:
            raise UnknownTypeError(
                "upload: too many files are waiting; use them or come back later"
            )
        identity = new_id()
        path = self._folder / identity
        try:
            size, head = 0, b""
            with path.open("xb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    self.check_size(kind, size)
                    head = head if len(head) >= HEAD_BYTES else head + chunk[:HEAD_BYTES]
                    file.write(chunk)
            suffix = suffix_of(kind, head)
            if suffix is None:
                raise UnknownTypeError(
                    f"{kind}: this is none; expected one of {', '.join(SUFFIXES[kind])}"
                )
            kept = path.rename(path.with_suffix(suffix))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        title = clean_name(Path(name).stem or kind)
        self._files[identity] = Upload(
            id=identity, kind=kind, name=title, path=kept, arrived=time.monotonic()
        )
        return Uploaded(id=identity, kind=kind, name=title, bytes=size)

    def find(self, identity: str, kinds: tuple[UploadKind, ...]) -> Upload:
        """Return a waiting file; NotThereError if there is none of that id and kind."""
        upload = self._files.get(identity)
        if upload is None or upload.kind not in kinds:
            raise NotThereError(f"upload: there is no such {' or '.join(kinds)}; send it again")
        return upload

    def take(self, upload: Upload, target: Path) -> None:
        """Move a waiting file to where a job wants it."""
        del self._files[upload.id]
        upload.path.rename(target)

    def _forget_old(self) -> None:
        now = time.monotonic()
        for upload in [u for u in self._files.values() if now - u.arrived > _KEPT_SECONDS]:
            upload.path.unlink(missing_ok=True)
            del self._files[upload.id]
