"""What a file is, told by its first bytes: names and types that a browser states prove nothing."""

from collections.abc import Callable

from viewers.server.messages import UploadKind

HEAD_BYTES = 64
"""As many first bytes as telling takes."""

SUFFIXES: dict[UploadKind, tuple[str, ...]] = {
    "photo": (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff"),
    "sound": (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".webm"),
    "video": (".mp4", ".mov", ".webm", ".mkv", ".avi"),
    "avatar": (".avatar",),
    "clip": (".csv", ".npz"),
}

_STILLS = (b"heic", b"heix", b"heif", b"mif1", b"msf1", b"avif")


def suffix_of(kind: UploadKind, head: bytes) -> str | None:
    """Return the suffix that a file with these first bytes is kept under; None: not this kind."""
    return _TELLERS[kind](head)


def _photo(head: bytes) -> str | None:
    if head[4:8] == b"ftyp" and head[8:12] in _STILLS:
        return ".avif" if head[8:12] == b"avif" else ".heic"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    return _by_start(
        head,
        {
            b"\xff\xd8\xff": ".jpg",
            b"\x89PNG\r\n\x1a\n": ".png",
            b"II*\x00": ".tif",
            b"MM\x00*": ".tif",
        },
    )


def _sound(head: bytes) -> str | None:
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return ".wav"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return ".aac" if head[1] & 0x06 == 0 else ".mp3"
    named = {b"fLaC": ".flac", b"OggS": ".ogg", b"ID3": ".mp3"}
    return _by_start(head, named) or _video(head)


def _video(head: bytes) -> str | None:
    if head[4:8] == b"ftyp" and head[8:12] not in _STILLS:
        return ".mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return ".avi"
    return _by_start(head, {b"\x1aE\xdf\xa3": ".webm"})


def _avatar(head: bytes) -> str | None:
    return _by_start(head, {b"PK\x03\x04": ".avatar"})


def _clip(head: bytes) -> str | None:
    if head[:4] == b"PK\x03\x04":
        return ".npz"
    return None if b"\x00" in head or not head.strip() else ".csv"


def _by_start(head: bytes, known: dict[bytes, str]) -> str | None:
    return next((suffix for start, suffix in known.items() if head.startswith(start)), None)


_TELLERS: dict[UploadKind, Callable[[bytes], str | None]] = {
    "photo": _photo,
    "sound": _sound,
    "video": _video,
    "avatar": _avatar,
    "clip": _clip,
}
