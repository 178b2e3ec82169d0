"""What is known of a photo's focal length before fitting."""

import math
from dataclasses import dataclass

from avatar.capture.observation import Photo
from avatar.core.camera import focal_from_35mm, focal_from_fov

TYPICAL_35MM, TYPICAL_DEVIATION = 45.0, 0.45
"""Pictures of people: from a phone's 26 mm to a portrait lens's 85 mm, as median and log spread."""

EXIF_DEVIATION = 0.04
"""Relative error of a stated focal length: rounding, focus breathing, digital stabilisation."""


@dataclass(frozen=True, kw_only=True)
class FocalGuess:
    """A focal length in pixels and the standard deviation of its logarithm."""

    focal: float
    deviation: float

    @property
    def is_known(self) -> bool:
        """Whether it comes from the user or the picture's metadata."""
        return self.deviation < TYPICAL_DEVIATION


def guess_focal(photo: Photo, fov_degrees: float | None) -> FocalGuess:
    """Return the focal length by the user's word, else by EXIF, else that of a typical picture.

    Raises:
        OptionError: the field of view is not an angle a camera can have.
    """
    if fov_degrees is not None:
        return FocalGuess(focal=focal_from_fov(fov_degrees, photo.width), deviation=0.01)
    if photo.focal_35mm is not None and math.isfinite(photo.focal_35mm) and photo.focal_35mm > 5:
        focal = focal_from_35mm(photo.focal_35mm, photo.width, photo.height)
        return FocalGuess(focal=focal, deviation=EXIF_DEVIATION)
    focal = focal_from_35mm(TYPICAL_35MM, photo.width, photo.height)
    return FocalGuess(focal=focal, deviation=TYPICAL_DEVIATION)
