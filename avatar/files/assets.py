"""Where packaged data lies: files of third parties and small data the project made itself.

An installed package has both inside (`avatar/_third_party`, `avatar/_assets`); a source tree has
its `assets/` beside the package, and its third-party files where `fetch_third_party` put them.
"""

import os
from importlib import import_module
from pathlib import Path

from avatar.core.errors import ModelError

THIRD_PARTY_VARIABLE = "AVATAR_THIRD_PARTY"


def third_party(relative_path: str) -> Path:
    """Return a packaged third-party file, e.g. `mediapipe/face_landmark_with_attention.tflite`.

    The environment variable AVATAR_THIRD_PARTY names another folder to take all of them from.

    Raises:
        ModelError: there is no such file.
    """
    for root in third_party_roots():
        path = root / relative_path
        if path.exists():
            return path
    override = os.environ.get(THIRD_PARTY_VARIABLE)
    way_out = (
        f"correct {THIRD_PARTY_VARIABLE}={override}"
        if override
        else "Python was probably started in avatar's source folder, which hides the installed "
        "package: start it elsewhere, or run `python avatar/files/fetch_third_party.py` there once"
    )
    raise ModelError(f"third-party file {relative_path!r}: not among the packaged ones; {way_out}")


def third_party_roots() -> list[Path]:
    """Return the folders that hold packaged third-party files, most particular first."""
    override = os.environ.get(THIRD_PARTY_VARIABLE)
    if override:
        return [Path(override)]
    return [root for root in _package_folders("_third_party") if root.is_dir()]


def asset(name: str) -> Path:
    """Return a packaged file the project made, by its name under `assets/`.

    Raises:
        ModelError: there is no such file.
    """
    source_tree = Path(__file__).resolve().parents[2] / "assets"
    for root in (source_tree, *_package_folders("_assets")):
        path = root / name
        # Beside an installed package, a folder `assets` is somebody else's.
        if (root / "manifest.toml").is_file() and path.exists():
            return path
    raise ModelError(f"asset {name!r}: not among the packaged ones; reinstall avatar")


def _package_folders(name: str) -> list[Path]:
    # An editable install spreads the package over two folders: its `__path__` has both.
    return [Path(folder) / name for folder in import_module("avatar").__path__]
