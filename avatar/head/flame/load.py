"""Load FLAME from the file the user got from its authors."""

from pathlib import Path

from avatar.core.errors import ModelError
from avatar.files.cache import cached_record
from avatar.head.flame.build import build_flame
from avatar.head.flame.source import read_flame
from avatar.head.imported.version import importer_version
from avatar.head.model import HeadModel
from avatar.head.record import model_of, record_of


def load_flame(path: Path) -> HeadModel:
    """Return FLAME 2023 Open from its .pkl or .npz, float32; see `build_flame` for what it has.

    Nothing in the file is executed. The model is kept in the user's cache folder and made anew
    when the file, or the code that reads it, changes.

    Raises:
        ModelError: the file is missing, damaged, unsafe, or not FLAME.
    """
    if not path.is_file():
        raise ModelError(f"FLAME {path}: no such file; give the .pkl or .npz of the model")
    version = importer_version(Path(__file__).parent, path)
    return model_of(
        cached_record("flame", version, lambda: record_of(build_flame(read_flame(path))))
    )
