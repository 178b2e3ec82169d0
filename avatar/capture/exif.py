"""What a picture's EXIF block says about its lens."""

import math
from typing import Any, cast

from PIL import Image

from avatar.core.camera import FULL_FRAME_WIDTH

_EXIF_BLOCK = 0x8769
_FOCAL_LENGTH, _FOCAL_35MM = 0x920A, 0xA405
_PLANE_X, _PLANE_Y, _PLANE_UNIT = 0xA20E, 0xA20F, 0xA210
_PIXELS_X, _PIXELS_Y = 0xA002, 0xA003
_MILLIMETRES = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}

_PROPORTIONS = (1.0, 4 / 3, 3 / 2, 16 / 9)
"""What cameras record; any other proportion is a crop."""

_SENSOR_DIAGONALS = (54.8, 43.27, 34.5, 28.3, 26.8, 21.6, 15.9)
"""Medium format, full frame, APS-H, the two APS-C, Four Thirds, one inch: millimetres."""


def focal_35mm_from_exif(exif: Image.Exif, width: int, height: int) -> float | None:
    """Return the 35 mm equivalent focal length in millimetres, None where it cannot be trusted.

    `exif` is Pillow's Exif; `width` and `height` are the stored picture's, before any rotation.
    Uses FocalLengthIn35mmFilm, else FocalLength with the sensor size that FocalPlaneXResolution and
    FocalPlaneYResolution imply, where that is the size of a common sensor: editors that reduce a
    picture leave those two as they were. A picture whose proportions are not a camera's, or differ
    from those EXIF states, has been cropped: there is no way to know the angle it covers.
    """
    tags = exif.get_ifd(_EXIF_BLOCK)
    stated = (_number(tags.get(_PIXELS_X)), _number(tags.get(_PIXELS_Y)))
    proportion = max(width, height) / min(width, height)
    if not any(abs(proportion / known - 1) < 0.02 for known in _PROPORTIONS):
        return None
    if all(stated) and abs(proportion / (max(stated) / min(stated)) - 1) > 0.02:
        return None
    focal = _number(tags.get(_FOCAL_35MM)) or _from_sensor(tags, stated)
    return focal if 6 <= focal <= 1200 else None


def _from_sensor(tags: dict[int, Any], stated: tuple[float, float]) -> float:
    focal, unit = _number(tags.get(_FOCAL_LENGTH)), _MILLIMETRES.get(tags.get(_PLANE_UNIT, 2))
    across, down = _number(tags.get(_PLANE_X)), _number(tags.get(_PLANE_Y))
    if unit is None or not all((focal, across, down, *stated)):
        return 0.0
    diagonal = math.hypot(stated[0] / across, stated[1] / down) * unit
    if not any(abs(diagonal / known - 1) < 0.04 for known in _SENSOR_DIAGONALS):
        return 0.0
    return focal * math.hypot(FULL_FRAME_WIDTH, 24.0) / diagonal


def _number(value: object) -> float:
    """Return a tag's value as a float, zero where it is absent, broken or infinite."""
    try:
        number = float(cast("Any", value))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0
