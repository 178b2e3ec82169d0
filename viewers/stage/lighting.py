"""The light on a stage: a room or one's own environment, turned and dimmed, and a key lamp."""

import math
from dataclasses import dataclass, replace

import torch

from avatar.core.camera import Camera, intrinsics_from_focal, look_at
from avatar.core.transform import rotation_about_vertical
from avatar.render.light import Light, studio_light
from viewers.stage.rooms import ROOMS, RoomName, key_lamp, room_light

PORTRAIT = "portrait"
"""The light of films and previews, as if the camera were in front."""

LIGHTS: dict[str, str] = {
    PORTRAIT: "Portrait",
    "softbox": "Softbox",
    "window": "Window",
    "rim": "Rim",
    "overcast": "Overcast",
}
"""What the rooms are called where one chooses."""


@dataclass(frozen=True, kw_only=True)
class Lighting:
    """A light by its wishes.

    `own` is an environment of the user's, in place of the room; angles are radians: `turn` of the
    room to the subject's left, the key lamp's `key_side` to the picture's right, its `key_height`.
    """

    room: RoomName | str = PORTRAIT
    own: Light | None = None
    brightness: float = 1.0
    turn: float = 0.0
    key_strength: float = 0.0
    key_side: float = -0.7
    key_height: float = 0.6

    def light(self) -> Light:
        """Return the light itself."""
        light = self.own or _room(self.room)
        light = light.turned(rotation_about_vertical(self.turn)).scaled(self.brightness)
        if self.key_strength > 0:
            key = key_lamp(self.key_strength, self.key_side, self.key_height)
            light = replace(light, lamps=(key, *light.lamps))
        return light


def _room(name: str) -> Light:
    if name == PORTRAIT:
        return studio_light(_front_camera())
    return room_light(ROOMS[name])  # pyright: ignore[reportArgumentType]


def _front_camera() -> Camera:
    return Camera(
        intrinsics=intrinsics_from_focal(math.hypot(2, 2), 2, 2),
        camera_from_world=look_at(torch.tensor([0.0, 0.0, 1.0]), torch.zeros(3)),
        width=2,
        height=2,
    )
