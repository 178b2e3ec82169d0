"""The picture `avatar demo` runs on."""

from importlib.resources import files
from pathlib import Path

from avatar.capture.observation import Photo
from avatar.capture.read_photo import read_photo


def demo_photo() -> Photo:
    """Return the portrait of astronaut Eileen Collins that scikit-image ships.

    A NASA photo (Great Images in NASA, 1999), in the public domain.
    """
    return read_photo(Path(str(files("skimage.data").joinpath("astronaut.png"))))
