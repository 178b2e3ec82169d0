"""Load the default head model: built the first time, read from the cache after."""

from dataclasses import astuple, replace
from pathlib import Path

from avatar.files.cache import cached_record, fingerprint
from avatar.head.anny.build import AnnyOptions, build_anny
from avatar.head.anny.landmarks import landmark_embeddings
from avatar.head.model import HeadModel
from avatar.head.record import model_of, record_of


def load_anny(options: AnnyOptions | None = None) -> HeadModel:
    """Return the default head model, float32.

    The first call with given options builds it, in some ten seconds, and keeps it in the user's
    cache folder; later ones read that file. The cache is renewed whenever the code that builds the
    model changes. Raises what `build_anny` raises.
    """
    options = options or AnnyOptions()
    record = cached_record("anny", _version(options), lambda: record_of(build_anny(options)))
    model = model_of(record)
    # Measured landmarks may be replaced without building the model anew.
    landmarks68, landmarks478 = landmark_embeddings(
        model.template, model.part("skin").faces, f"subdivision{options.subdivision}"
    )
    return replace(model, landmarks68=landmarks68, landmarks478=landmarks478)


def _version(options: AnnyOptions) -> str:
    """Name the options and every source file the arrays depend on."""
    package = Path(__file__).parent
    code = sorted([*package.glob("*.py"), *(package.parent / "parts").glob("*.py")])
    beside = [package.parent / "anatomy.py", package.parent / "record.py"]
    return fingerprint([*code, *beside, str(astuple(options))])
