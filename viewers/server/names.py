"""Ids the server makes, and names that visitors give: only the latter need cleaning."""

import re
import secrets
import unicodedata

from avatar.core.errors import AvatarError

LONGEST_NAME = 60

_ID = re.compile(r"[0-9a-f]{16}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


class NotThereError(AvatarError):
    """Something asked for by an id that names nothing."""


def new_id() -> str:
    """Return an id that nobody can guess."""
    return secrets.token_hex(8)


def is_id(text: str) -> bool:
    """Tell whether a text has the form of an id."""
    return _ID.fullmatch(text) is not None


def clean_name(text: str) -> str:
    """Return a visitor's name for a head as a file's stem: letters, digits, spaces, `-_.()`.

    Never empty, never hidden, never a path or a device.
    """
    normal = unicodedata.normalize("NFC", text)
    kept = "".join(c if c.isalnum() or c in " -_.()" else " " for c in normal)
    name = " ".join(kept.split())[:LONGEST_NAME].strip(" .")
    return f"head {name}".strip() if not name or _RESERVED.fullmatch(name) else name
