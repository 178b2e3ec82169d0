"""What a picture says about one face."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A picture as read: linear RGB in [0, 1], upright, with what its metadata says.

    `focal_35mm` is EXIF's 35 mm equivalent in millimetres, None where the file has none. `scale` is
    the size of this picture relative to the file's: below 1 where a very large one was reduced.
    """

    pixels: Float[Tensor, "height width 3"]
    name: str
    focal_35mm: float | None = None
    scale: float = 1.0

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.pixels.shape[0]


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One face in one picture.

    Positions are pixels in the convention of `avatar.core.camera` ((0, 0) is the centre of the
    top-left pixel). `landmarks` are the 478 dense points (468-472 the iris at the image's left,
    the subject's right; 473-477 the other; centres 468 and 473); `landmark_depths` are their
    relative depths in pixels, negative towards the camera, zero near the face's mean;
    `confidences` lie in [0, 1]. `box` is (left, top, right, bottom) of the detected face. `matte`
    is the head's coverage, hair included, over the whole picture; `matte_confidence` in [0, 1].
    """

    photo: Photo
    landmarks: Float[Tensor, "478 2"]
    landmark_depths: Float[Tensor, "478"]
    confidences: Float[Tensor, "478"]
    box: Float[Tensor, "4"]
    score: float
    matte: Float[Tensor, "height width"]
    matte_confidence: float

    @property
    def inter_iris_distance(self) -> Tensor:
        """Distance between the two iris centres in pixels."""
        return (self.landmarks[468] - self.landmarks[473]).norm()
