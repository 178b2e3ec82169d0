"""Clips as what the face does at a moment, and a clock that plays them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from avatar.animation.resample import resample
from avatar.core.clip import Clip
from viewers.stage.face import Pose


def pose_at(clip: Clip, seconds: float) -> Pose:
    """Return the pose of a moment."""
    return pose_of_frame(resample(clip, torch.tensor([seconds])))


def pose_of_frame(clip: Clip) -> Pose:
    """Return the pose of a clip's only frame."""
    joints: list[tuple[str, tuple[float, float, float, float]]] = []
    if clip.joint_rotations is not None:
        for name, turn in zip(clip.joint_names, clip.joint_rotations[-1].tolist(), strict=True):
            joints.append((name, (turn[0], turn[1], turn[2], turn[3])))
    return Pose(weights=tuple(clip.weights[-1].tolist()), joints=tuple(joints))


@dataclass(kw_only=True)
class Player:
    """Plays a clip by a clock, which gives seconds."""

    clip: Clip
    loop: bool = True
    clock: Callable[[], float] = time.perf_counter
    _place: float = 0.0
    _started: float | None = None

    @property
    def duration(self) -> float:
        """How long the clip lasts, in seconds."""
        return float(self.clip.times[-1])

    @property
    def playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._started is not None

    @property
    def place(self) -> float:
        """Where it is, in seconds; it stops or begins anew at the end."""
        if self._started is None:
            return self._place
        place = self.clock() - self._started
        if place < self.duration:
            return place
        if self.loop and self.duration > 0:
            self._started += self.duration * (place // self.duration)
            return self.clock() - self._started
        self._place, self._started = self.duration, None
        return self._place

    def play(self) -> None:
        """Go on; from the start, where it had come to the end."""
        place = 0.0 if self._place >= self.duration - 0.02 else self._place
        self._started = self.clock() - place

    def pause(self) -> None:
        """Stand still."""
        self._place, self._started = self.place, None

    def seek(self, seconds: float) -> None:
        """Go to a place, and play on if it played."""
        self._place = min(max(seconds, 0.0), self.duration)
        if self._started is not None:
            self._started = self.clock() - self._place

    def pose(self) -> Pose:
        """Return what the face does now."""
        return pose_at(self.clip, self.place)
