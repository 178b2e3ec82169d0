"""The unknowns of a fit and how a step of the solver moves them."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.camera import Camera
from avatar.core.transform import Transform, matrix_from_rotation_vector

POSE_SIZE, FOCAL_SIZE, EXPRESSION_SIZE = 6, 1, 52


@dataclass(frozen=True, kw_only=True)
class PhotoState:
    """One photo's unknowns.

    `log_focal` is the logarithm of the focal length in pixels; `landmark_error` says how much of
    each of the landmark detector's known error modes this photo suffers from.
    """

    camera_from_head: Transform
    log_focal: Float[Tensor, ""]
    expression: Float[Tensor, "52"]
    landmark_error: Float[Tensor, " modes"]
    width: int
    height: int

    @property
    def focal(self) -> Float[Tensor, ""]:
        """Focal length in pixels."""
        return self.log_focal.exp()

    @property
    def centre(self) -> Float[Tensor, "2"]:
        """Principal point in pixels: the picture's middle."""
        return self.log_focal.new_tensor([(self.width - 1) / 2, (self.height - 1) / 2])

    def to(self, dtype: torch.dtype) -> "PhotoState":
        """Return the same in another precision."""
        if self.expression.dtype == dtype:
            return self
        pose = self.camera_from_head
        return replace(
            self,
            camera_from_head=Transform(
                rotation=pose.rotation.to(dtype), translation=pose.translation.to(dtype)
            ),
            log_focal=self.log_focal.to(dtype),
            expression=self.expression.to(dtype),
            landmark_error=self.landmark_error.to(dtype),
        )

    @property
    def camera(self) -> Camera:
        """The pinhole camera with the head frame as its world."""
        focal, (x, y) = float(self.focal), self.centre.tolist()
        intrinsics = self.log_focal.new_tensor([[focal, 0, x], [0, focal, y], [0, 0, 1]])
        return Camera(
            intrinsics=intrinsics,
            camera_from_world=self.camera_from_head,
            width=self.width,
            height=self.height,
        )


@dataclass(frozen=True, kw_only=True)
class HeadState:
    """All unknowns: one identity, several photos."""

    identity: Float[Tensor, " modes"]
    photos: tuple[PhotoState, ...]

    @property
    def error_size(self) -> int:
        """Number of landmark error modes per photo."""
        return len(self.photos[0].landmark_error)

    @property
    def photo_size(self) -> int:
        """Entries of a step that belong to one photo."""
        return POSE_SIZE + FOCAL_SIZE + EXPRESSION_SIZE + self.error_size

    @property
    def size(self) -> int:
        """Entries of a step."""
        return len(self.identity) + len(self.photos) * self.photo_size

    def identity_columns(self) -> Int[Tensor, " columns"]:
        """Where in a step the identity is."""
        return torch.arange(len(self.identity))

    def photo_columns(self, photo: int) -> Int[Tensor, " columns"]:
        """Where in a step a photo's rotation, translation, focal, expression and error are."""
        start = len(self.identity) + photo * self.photo_size
        return torch.arange(start, start + self.photo_size)

    def pose_columns(self, photo: int) -> Int[Tensor, "6"]:
        """Where in a step a photo's rotation and translation are."""
        return self.photo_columns(photo)[:POSE_SIZE]

    def focal_columns(self, photo: int) -> Int[Tensor, "1"]:
        """Where in a step a photo's log focal length is."""
        return self.photo_columns(photo)[POSE_SIZE : POSE_SIZE + FOCAL_SIZE]

    def expression_columns(self, photo: int) -> Int[Tensor, "52"]:
        """Where in a step a photo's expression is."""
        start = POSE_SIZE + FOCAL_SIZE
        return self.photo_columns(photo)[start : start + EXPRESSION_SIZE]

    def error_columns(self, photo: int) -> Int[Tensor, " modes"]:
        """Where in a step a photo's landmark error is."""
        return self.photo_columns(photo)[POSE_SIZE + FOCAL_SIZE + EXPRESSION_SIZE :]


def retract(state: HeadState, step: Float[Tensor, " size"]) -> HeadState:
    """Apply a step; rotations turn by a rotation vector in the camera frame, about its origin."""
    photos: list[PhotoState] = []
    for index, photo in enumerate(state.photos):
        own = step[state.photo_columns(index)]
        pose = photo.camera_from_head
        moved = Transform(
            rotation=matrix_from_rotation_vector(own[:3]) @ pose.rotation,
            translation=pose.translation + own[3:6],
        )
        photos.append(
            replace(
                photo,
                camera_from_head=moved,
                log_focal=photo.log_focal + own[6],
                expression=(photo.expression + own[7:59]).clamp(0, 1),
                landmark_error=photo.landmark_error + own[59:],
            )
        )
    identity = state.identity + step[: len(state.identity)]
    return HeadState(identity=identity, photos=tuple(photos))


def step_bounds(
    state: HeadState,
) -> tuple[Float[Tensor, " size"], Float[Tensor, " size"]]:
    """Return the least and greatest step: expressions stay in [0, 1], the rest is free.

    The eyes' looks stay as they are: they follow from the irises (`avatar.fit.gaze`).
    """
    looks = [index for index, name in enumerate(ARKIT_NAMES) if name.startswith("eyeLook")]
    lower = state.identity.new_full((state.size,), -math.inf)
    upper = state.identity.new_full((state.size,), math.inf)
    for index, photo in enumerate(state.photos):
        columns = state.expression_columns(index)
        lower[columns] = -photo.expression
        upper[columns] = 1 - photo.expression
        lower[columns[looks]] = 0
        upper[columns[looks]] = 0
    return lower, upper
