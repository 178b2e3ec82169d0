"""The portraits a camera is put to."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.camera import Camera, focal_from_fov, intrinsics_from_focal, look_at
from avatar.render.frame_head import PORTRAIT_FOV, head_vertices

FramingName = Literal["face", "head", "left", "right", "bust"]

NEAREST, FARTHEST = 0.15, 6.0
"""Metres from what an orbit turns around."""

STEEPEST = 1.4
"""Radians above or below the horizon: beyond, up and down would change places."""

UPRIGHT = 0.78
"""A picture narrower than this share of its height shows the head smaller, so that it fits."""

PITCH = 0.03
"""Radians above the head's middle from where portraits are taken."""

ROOM = 1.2
"""How much taller than the head a picture of zoom 1 is."""


@dataclass(frozen=True, kw_only=True)
class Framing:
    """A portrait: radians the camera stands to the picture's right, zoom, metres lower.

    `below_eyes` is the share of the head's height by which the picture's middle lies under the
    eyes; None puts it at the head's.
    """

    yaw: float = 0.0
    zoom: float = 1.0
    low: float = 0.0
    below_eyes: float | None = None


FRAMINGS: dict[FramingName, Framing] = {
    "face": Framing(zoom=1.55, below_eyes=0.15),
    "head": Framing(yaw=0.32, zoom=1.08),
    "left": Framing(yaw=1.25),
    "right": Framing(yaw=-1.25),
    "bust": Framing(zoom=0.66, low=0.06),
}


@dataclass(frozen=True, kw_only=True)
class Orbit:
    """Where a camera stands: `distance` metres from `target`, turned by `yaw` and `pitch`."""

    target: tuple[float, float, float]
    distance: float
    yaw: float = 0.0
    pitch: float = 0.0

    def camera(self, width: int, height: int) -> Camera:
        """Return the camera of a picture of this size."""
        target = torch.tensor(self.target)
        level = math.cos(self.pitch)
        away = (math.sin(self.yaw) * level, math.sin(self.pitch), math.cos(self.yaw) * level)
        focal = focal_from_fov(PORTRAIT_FOV, height)
        return Camera(
            intrinsics=intrinsics_from_focal(focal, width, height),
            camera_from_world=look_at(target + self.distance * torch.tensor(away), target),
            width=width,
            height=height,
        )

    def turned(self, yaw: float, pitch: float) -> "Orbit":
        """Return the orbit after it was pulled around by these radians."""
        steep = min(max(self.pitch + pitch, -STEEPEST), STEEPEST)
        return self._at(self.target, self.distance, self.yaw + yaw, steep)

    def nearer(self, factor: float) -> "Orbit":
        """Return the orbit `factor` times as near, within limits."""
        distance = min(max(self.distance / factor, NEAREST), FARTHEST)
        return self._at(self.target, distance, self.yaw, self.pitch)

    def moved(self, right: float, up: float) -> "Orbit":
        """Return the orbit after it slid by so many metres in the picture's plane."""
        sideways = (math.cos(self.yaw), 0.0, -math.sin(self.yaw))
        tilt = math.sin(self.pitch)
        upwards = (
            -math.sin(self.yaw) * tilt,
            math.cos(self.pitch),
            -math.cos(self.yaw) * tilt,
        )
        x, y, z = (
            place + right * side + up * rise
            for place, side, rise in zip(self.target, sideways, upwards, strict=True)
        )
        return self._at((x, y, z), self.distance, self.yaw, self.pitch)

    def towards(self, other: "Orbit", share: float) -> "Orbit":
        """Return an orbit on the way to another one; it goes around the head, not through it."""
        x, y, z = (a + (b - a) * share for a, b in zip(self.target, other.target, strict=True))
        turn = (other.yaw - self.yaw + math.pi) % (2 * math.pi) - math.pi
        return self._at(
            (x, y, z),
            self.distance + (other.distance - self.distance) * share,
            self.yaw + turn * share,
            self.pitch + (other.pitch - self.pitch) * share,
        )

    @staticmethod
    def _at(
        target: tuple[float, float, float], distance: float, yaw: float, pitch: float
    ) -> "Orbit":
        return Orbit(target=target, distance=distance, yaw=yaw, pitch=pitch)


def frame_orbit(vertices: Float[Tensor, "verts 3"], name: FramingName, aspect: float) -> Orbit:
    """Return the orbit of a portrait; vertices in the head frame, `aspect` is width / height."""
    framing = FRAMINGS[name]
    skull = head_vertices(vertices)
    low, high = skull.amin(0), skull.amax(0)
    height, depth = float(high[1] - low[1]), float(high[2] - low[2])
    x, y, z = ((low + high) / 2).tolist()
    if framing.below_eyes is not None:
        # The head frame's origin lies between the eyes.
        y = -framing.below_eyes * height
    upright = height * ROOM / 2 / framing.zoom / math.tan(math.radians(PORTRAIT_FOV) / 2)
    return Orbit(
        target=(x, y - framing.low, z),
        distance=upright * max(1.0, UPRIGHT / aspect) + depth / 2,
        yaw=framing.yaw,
        pitch=PITCH,
    )
