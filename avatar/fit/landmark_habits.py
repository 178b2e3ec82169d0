"""What the landmark detector does systematically, measured on renders of known heads.

A detector's points are not points of the surface: they slide with the pose, shrink towards an
average face, and err together rather than one by one. All of it is measured once, by
`assets/scripts/measure_landmarks.py`, and used here to predict what the detector will say.
"""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from avatar.core.errors import ModelError
from avatar.core.transform import Transform, euler_from_rotation
from avatar.files.assets import asset
from avatar.fit.residuals.landmarks import LandmarkBasis

YAW_BINS = (-60.0, -30.0, 0.0, 30.0, 60.0)
"""Degrees at which the deviations are tabulated."""


@dataclass(frozen=True, kw_only=True)
class LandmarkHabits:
    """Systematic and random errors of the 468 points of the face, metres.

    `bias` moves each point in the head frame, by the pose polynomial 1, yaw, pitch, yaw^2,
    yaw pitch, pitch^2 (radians). `shapes` are orthonormal directions of the face's own landmark
    geometry and `response` how the points move, beyond the geometry itself, per metre along each.
    `modes` are the joint errors left over, one standard deviation each, in the head frame.
    `deviations` are the independent errors in x, y (picture) and depth at `YAW_BINS`.
    """

    bias: Float[Tensor, "6 points 3"]
    shapes: Float[Tensor, "shapes points 3"]
    response: Float[Tensor, "shapes points 3"]
    modes: Float[Tensor, "modes points 3"]
    deviations: Float[Tensor, "5 points 3"]

    def predicted(self, basis: LandmarkBasis, yaw: float, pitch: float) -> LandmarkBasis:
        """Return the basis of what the detector will say of a surface with this `basis`."""
        own = self.responded(basis)
        return replace(own, mean=own.mean + self.bias_at(yaw, pitch))

    def responded(self, basis: LandmarkBasis) -> LandmarkBasis:
        """Return what is the same in every pose of `predicted`: all but the bias."""
        return replace(
            basis,
            identity=self._responded(basis.identity),
            expression=self._responded(basis.expression),
            error=self.modes.permute(1, 2, 0),
        )

    def bias_at(self, yaw: float, pitch: float) -> Float[Tensor, "points 3"]:
        """Return by how much the points are moved in a pose (radians), metres."""
        terms = self.bias.new_tensor([1, yaw, pitch, yaw * yaw, yaw * pitch, pitch * pitch])
        return torch.tensordot(terms, self.bias, dims=1)

    def deviations_at(self, yaw: float) -> Float[Tensor, "points 3"]:
        """Return the independent standard deviations at a yaw (radians), metres."""
        place = (math.degrees(yaw) - YAW_BINS[0]) / (YAW_BINS[1] - YAW_BINS[0])
        place = min(max(place, 0.0), len(YAW_BINS) - 1.0)
        below = min(int(place), len(YAW_BINS) - 2)
        share = place - below
        return (1 - share) * self.deviations[below] + share * self.deviations[below + 1]

    def _responded(
        self, directions: Float[Tensor, "points 3 columns"]
    ) -> Float[Tensor, "points 3 columns"]:
        flat = directions.flatten(0, 1)
        return (flat + self.response.flatten(1).T @ (self.shapes.flatten(1) @ flat)).reshape(
            directions.shape
        )


def plain_habits(points: int) -> LandmarkHabits:
    """Return the habits of a detector never measured: 1 mm across, 16 mm in depth, no bias."""
    none = torch.zeros(0, points, 3, dtype=torch.float64)
    deviations = torch.tensor([0.001, 0.001, 0.016], dtype=torch.float64)
    return LandmarkHabits(
        bias=torch.zeros(6, points, 3, dtype=torch.float64),
        shapes=none,
        response=none,
        modes=none,
        deviations=deviations.repeat(5, points, 1),
    )


def viewing_angles(camera_from_head: Transform) -> tuple[float, float]:
    """Return yaw and pitch (radians) of the face as seen along the ray from the camera to it.

    Away from the picture's middle this differs from the angle to the optical axis, and it is what
    the face looks like.
    """
    ray = torch.nn.functional.normalize(camera_from_head.translation, dim=0)
    right = torch.linalg.cross(ray.new_tensor([0.0, 1.0, 0.0]), ray)
    right = torch.nn.functional.normalize(right, dim=0)
    view_from_camera = torch.stack([right, torch.linalg.cross(ray, right), ray])
    seen = view_from_camera @ camera_from_head.rotation
    pitch, yaw, _ = euler_from_rotation(seen * seen.new_tensor([[1.0], [-1.0], [-1.0]]))
    return float(yaw), float(pitch)


HABITS_FILE = "landmark_habits.safetensors"


def load_habits() -> LandmarkHabits:
    """Return the measured habits, or plain ones where the file is not packaged."""
    try:
        path = asset(HABITS_FILE)
    except ModelError:
        return plain_habits(468)
    table = {name: value.double() for name, value in load_file(path).items()}
    return LandmarkHabits(**table)
