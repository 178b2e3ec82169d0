"""What the face does: 52 weights and the head's turn, with undo."""

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.core.transform import matrix_from_quaternion, rotation_from_euler

NECK_SHARE = 0.35
"""The share of the head's turn that the neck takes; the rest is the joint `head`'s."""

MOST_YAW, MOST_PITCH, MOST_ROLL = 0.7, 0.45, 0.4
"""Radians to which the handles turn the head."""

_MOST_UNDO = 100


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Weights in the order of `ARKIT_NAMES`, and the head's turn in radians.

    `joints` are the rotations of named joints, (x, y, z, w), where a performance turns them; they
    take the place of `pitch`, `yaw` and `roll`.
    """

    weights: tuple[float, ...] = (0.0,) * len(ARKIT_NAMES)
    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    joints: tuple[tuple[str, tuple[float, float, float, float]], ...] = ()

    def with_weight(self, name: str, value: float) -> "Pose":
        """Return the pose with another weight, kept in [0, 1]."""
        return self.with_weights({name: value})

    def with_weights(self, values: dict[str, float]) -> "Pose":
        """Return the pose with other weights, kept in [0, 1]."""
        weights = list(self.weights)
        for name, value in values.items():
            weights[ARKIT_INDEX[name]] = min(max(value, 0.0), 1.0)
        return replace(self, weights=tuple(weights))

    def looking(self, right: float, up: float) -> "Pose":
        """Return the pose with both eyes turned: 1 is as far right in the picture, or up."""
        # The picture's right is the subject's left.
        return self.with_weights(
            {
                "eyeLookOutLeft": right,
                "eyeLookInRight": right,
                "eyeLookInLeft": -right,
                "eyeLookOutRight": -right,
                "eyeLookUpLeft": up,
                "eyeLookUpRight": up,
                "eyeLookDownLeft": -up,
                "eyeLookDownRight": -up,
            }
        )

    def turned(self, pitch: float, yaw: float, roll: float) -> "Pose":
        """Return the pose with the head turned by these radians."""
        return replace(self, pitch=pitch, yaw=yaw, roll=roll, joints=())

    def weight(self, name: str) -> float:
        """Return the weight of that name."""
        return self.weights[ARKIT_INDEX[name]]

    @property
    def gaze(self) -> tuple[float, float]:
        """How far both eyes look to the picture's right, and up."""
        weight = self.weight
        right = weight("eyeLookOutLeft") + weight("eyeLookInRight")
        left = weight("eyeLookInLeft") + weight("eyeLookOutRight")
        up = weight("eyeLookUpLeft") + weight("eyeLookUpRight")
        down = weight("eyeLookDownLeft") + weight("eyeLookDownRight")
        return (right - left) / 2, (up - down) / 2

    def rotations(self, joint_names: tuple[str, ...]) -> Float[Tensor, "joints 3 3"]:
        """Return the local rotations of these joints; a neck that is missing turns the head."""
        turns = torch.eye(3).repeat(len(joint_names), 1, 1)
        if self.joints:
            for name, turn in self.joints:
                if name in joint_names:
                    turns[joint_names.index(name)] = matrix_from_quaternion(torch.tensor(turn))
            return turns
        shares = {"neck": NECK_SHARE, "head": 1 - NECK_SHARE}
        if "neck" not in joint_names:
            shares = {"head": 1.0}
        euler = torch.tensor([self.pitch, self.yaw, self.roll])
        for name, share in shares.items():
            if name in joint_names:
                turns[joint_names.index(name)] = rotation_from_euler(*(share * euler))
        return turns


STILL = Pose()


@dataclass(kw_only=True)
class Face:
    """The pose that is shown, and those it can go back to."""

    pose: Pose = STILL
    _past: list[Pose] = field(default_factory=lambda: [STILL])
    _future: list[Pose] = field(default_factory=list[Pose])

    @property
    def can_undo(self) -> bool:
        """Whether there is a pose to go back to."""
        return len(self._past) > 1

    @property
    def can_redo(self) -> bool:
        """Whether something undone can be done again."""
        return bool(self._future)

    def commit(self) -> None:
        """Remember the pose as it is now, unless it is the one remembered last."""
        if self.pose == self._past[-1]:
            return
        self._past = [*self._past, self.pose][-_MOST_UNDO:]
        self._future = []

    def take(self, pose: Pose) -> None:
        """Show a pose and remember it."""
        self.pose = pose
        self.commit()

    def undo(self) -> None:
        """Go back to the pose remembered before."""
        if self.can_undo:
            self._future.append(self._past.pop())
            self.pose = self._past[-1]

    def redo(self) -> None:
        """Show again what was undone."""
        if self.can_redo:
            self._past.append(self._future.pop())
            self.pose = self._past[-1]
