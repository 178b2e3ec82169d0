"""Zip archives that are the same bytes for the same content, and safe to open from a stranger.

Nothing is ever unpacked to disk. An archive is refused when it holds links, paths that lead
elsewhere, the same name twice, encrypted entries, or more than the limits below.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from avatar.core.errors import BundleError

MAX_ENTRIES = 256
MAX_TOTAL_BYTES = 1 << 30
MAX_RATIO = 1100
"""Deflate reaches 1032 at most; an entry that claims more lies about its size."""

_MAX_DIRECTORY_BYTES = 1 << 18
_END_REACH = 22 + 65535  # the record of the end, and the longest comment behind it
_STORED_SUFFIXES = (".png",)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
)


def write_archive(file: BinaryIO, entries: Mapping[str, bytes]) -> None:
    """Write the entries in their order, without times, so that equal content is equal bytes."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            stored = name.endswith(_STORED_SUFFIXES)  # compressed already
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, data, compresslevel=6)


def read_archive(path: Path) -> dict[str, bytes]:
    """Return every entry of an archive.

    Raises:
        BundleError: it cannot be opened, is damaged, or holds what is not allowed.
    """
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            _check(path, infos)
            return {info.filename: _read(archive, info) for info in infos if not info.is_dir()}
    except FileNotFoundError as error:
        raise BundleError(f"{path}: there is no such file") from error
    except _BROKEN as error:
        if path.suffix.lower() in (".glb", ".gltf", ".obj", ".fbx"):
            raise BundleError(
                f"{path}: {path.suffix} is for engines and keeps too little; give the .avatar file,"
                " which `avatar reconstruct face.jpg -o head.avatar` writes"
            ) from error
        raise BundleError(
            f"{path}: damaged, cut short or not an .avatar file ({error}); get it again"
        ) from error


def _check(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > MAX_ENTRIES:
        raise BundleError(f"{path}: expected at most {MAX_ENTRIES} entries, got {len(infos)}")
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        raise BundleError(f"{path}: unsafe: it holds the same name twice")
    for info in infos:
        reason = _unsafe(info)
        if reason:
            raise BundleError(f"{path}: unsafe: entry {info.filename[:80]!r} {reason}")
    total = sum(info.file_size for info in infos)
    if total > MAX_TOTAL_BYTES:
        raise BundleError(
            f"{path}: unsafe: it would unpack to {total:,} bytes; at most {MAX_TOTAL_BYTES:,}"
        )


def _unsafe(info: zipfile.ZipInfo) -> str | None:
    name = PurePosixPath(info.filename)
    if name.is_absolute() or ".." in name.parts or "\\" in info.filename or ":" in info.filename:
        return "leads out of the archive"
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is not a plain file"
    if info.flag_bits & 0x1:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in another way than deflate"
    if info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return "unpacks to more than it can hold"
    return None


def _check_directory(path: Path) -> None:
    """Refuse a table of contents that would fill the memory before its entries are counted."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _END_REACH))
        tail = file.read(_END_REACH)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) < place + 22:
        raise zipfile.BadZipFile("no zip archive, or its end is missing")
    (directory_bytes,) = struct.unpack("<I", tail[place + 12 : place + 16])
    if directory_bytes > _MAX_DIRECTORY_BYTES:
        raise BundleError(f"{path}: unsafe: its table of contents takes {directory_bytes:,} bytes")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as entry:
        # With the size given, `zipfile` never unpacks more than that, whatever the stream holds;
        # the read behind the end makes it check the CRC.
        data = entry.read(info.file_size)
        entry.read(1)
    if len(data) != info.file_size:
        raise EOFError(f"entry {info.filename!r} is cut short")
    return data
