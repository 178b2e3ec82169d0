"""Name everything that a converted model depends on, for its place in the cache."""

from pathlib import Path

from avatar.core.errors import AvatarError
from avatar.files.assets import asset
from avatar.files.cache import fingerprint
from avatar.head.anny.landmarks import MEASURED_FILE


def importer_version(package: Path, path: Path) -> str:
    """Return a text that changes with the model's file and with the code that converts it.

    The default head counts as code: its regions and landmarks are carried over.

    Args:
        package: the importer's folder.
        path: the model's file.
    """
    head = package.parent
    folders = (package, head, head / "imported", head / "anny", head / "parts")
    code = sorted(file for folder in folders for file in folder.glob("*.py"))
    try:
        measured = [asset(MEASURED_FILE)]
    except AvatarError:
        measured = []
    return fingerprint([*code, *measured, path])
