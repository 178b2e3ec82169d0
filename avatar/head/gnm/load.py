"""Load GNM Head from the file the user got from its authors."""

from pathlib import Path

from avatar.core.errors import ModelError
from avatar.files.cache import cached_record
from avatar.head.gnm.build import build_gnm
from avatar.head.gnm.source import read_gnm
from avatar.head.imported.version import importer_version
from avatar.head.model import HeadModel
from avatar.head.record import model_of, record_of


def load_gnm(path: Path) -> HeadModel:
    """Return GNM Head 3 from its .npz, float32; see `build_gnm` for what it has.

    The model is kept in the user's cache folder and made anew when the file, or the code that
    reads it, changes.

    Raises:
        ModelError: the file is missing, damaged, or not GNM Head.
    """
    if not path.is_file():
        raise ModelError(f"GNM {path}: no such file; give gnm_head.npz")
    version = importer_version(Path(__file__).parent, path)
    return model_of(cached_record("gnm", version, lambda: record_of(build_gnm(read_gnm(path)))))
