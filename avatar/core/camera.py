"""Pinhole cameras, and the one place the pixel convention is written.

The camera frame is OpenCV's: +X right, +Y down, +Z forward. Image coordinates are in pixels, and
**(0, 0) is the centre of the top-left pixel**; the image spans [-0.5, width - 0.5]. The world and
head frames are glTF's: +Y up, the face looks along +Z, the subject's left is +X.
"""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.core.transform import Transform

FULL_FRAME_WIDTH = 36.0
"""Width of a 35 mm film frame in millimetres; EXIF's FocalLengthIn35mmFilm refers to it."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A pinhole camera without distortion.

    `intrinsics` is OpenCV's 3x3 matrix in pixels; `camera_from_world` holds the extrinsics in
    metres; `width` and `height` are the picture's size in pixels.
    """

    intrinsics: Float[Tensor, "3 3"]
    camera_from_world: Transform
    width: int
    height: int

    @property
    def focal(self) -> Tensor:
        """Horizontal focal length in pixels."""
        return self.intrinsics[0, 0]

    @property
    def position_in_world(self) -> Float[Tensor, "3"]:
        """Return the optical centre in world coordinates, metres."""
        return self.camera_from_world.inverse().translation

    def project(
        self, points_in_world: Float[Tensor, "points 3"]
    ) -> tuple[Float[Tensor, "points 2"], Float[Tensor, " points"]]:
        """Return the image position (pixels) and depth along the optical axis (metres) of points.

        Points at or behind the camera get the position of a point 1e-6 m in front of it; their
        depth, which is not clamped, tells them apart.
        """
        points_in_camera = self.camera_from_world.apply(points_in_world)
        depth = points_in_camera[:, 2]
        homogeneous = points_in_camera @ self.intrinsics.T
        return homogeneous[:, :2] / depth.clamp_min(1e-6)[:, None], depth

    def resized(self, width: int, height: int) -> "Camera":
        """Return the camera of the same picture resampled to another size."""
        scale_x, scale_y = width / self.width, height / self.height
        scale = self.intrinsics.new_tensor(
            [[scale_x, 0, 0.5 * scale_x - 0.5], [0, scale_y, 0.5 * scale_y - 0.5], [0, 0, 1]]
        )
        return replace(self, intrinsics=scale @ self.intrinsics, width=width, height=height)

    def cropped(self, left: int, top: int, width: int, height: int) -> "Camera":
        """Return the camera of a crop whose top-left pixel is (`left`, `top`) of this picture."""
        shift = self.intrinsics.new_tensor([[0, 0, left], [0, 0, top], [0, 0, 0]])
        return replace(self, intrinsics=self.intrinsics - shift, width=width, height=height)


def intrinsics_from_focal(focal: float, width: int, height: int) -> Float[Tensor, "3 3"]:
    """Return the intrinsics of square pixels and a centred principal point."""
    return torch.tensor(
        [[focal, 0.0, (width - 1) / 2], [0.0, focal, (height - 1) / 2], [0.0, 0.0, 1.0]]
    )


def focal_from_fov(fov_degrees: float, width: int) -> float:
    """Return the focal length in pixels of a horizontal field of view.

    Raises:
        OptionError: the angle is not between 1 and 170 degrees.
    """
    if not 1 <= fov_degrees <= 170:
        raise OptionError(
            f"fov: expected a horizontal angle of 1 to 170 degrees, got {fov_degrees:g}"
        )
    return width / (2 * math.tan(math.radians(fov_degrees) / 2))


def focal_from_35mm(focal_35mm: float, width: int, height: int) -> float:
    """Return the focal length in pixels of a 35 mm equivalent, as EXIF states it.

    The equivalence is by the frame's diagonal (CIPA DCG-001), so it holds for any aspect ratio.
    """
    diagonal = math.hypot(FULL_FRAME_WIDTH, 24.0)
    return focal_35mm * math.hypot(width, height) / diagonal


def look_at(
    position: Float[Tensor, "3"], target: Float[Tensor, "3"], up: Float[Tensor, "3"] | None = None
) -> Transform:
    """Return `camera_from_world` of a camera at `position` that looks at `target`."""
    up = position.new_tensor([0.0, 1.0, 0.0]) if up is None else up
    forward = torch.nn.functional.normalize(target - position, dim=0)
    right = torch.nn.functional.normalize(torch.linalg.cross(forward, up), dim=0)
    down = torch.linalg.cross(forward, right)
    rotation = torch.stack([right, down, forward])
    return Transform(rotation=rotation, translation=-rotation @ position)
