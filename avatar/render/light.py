"""What lights a head: an environment as spherical harmonics, and lamps."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.core.camera import Camera
from avatar.core.harmonics import sh_basis, turned_harmonics
from avatar.render.reflections import Reflections


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """A distant round light source.

    `direction` is the unit vector towards it in the world; a white matte surface that faces it
    shows `color` (linear RGB); `radius` is half the angle it spans, radians: the larger, the
    broader its highlights and the softer its shadow. Only lamps with `shadow` cast one. A `glint`
    lights nothing: smooth surfaces alone mirror it.
    """

    direction: Float[Tensor, "3"]
    color: tuple[float, float, float]
    radius: float = 0.1
    shadow: bool = False
    glint: bool = False


@dataclass(frozen=True, kw_only=True)
class Light:
    """All the light on a head: `environment` in the convention of `avatar.core.harmonics`.

    `sheen` is how much of the environment rough surfaces mirror on top of what they scatter, and
    `mirrored` how much of it smooth ones do. `reflections` is the environment in more detail than
    nine harmonics have, for what mirrors it, where it is known.
    """

    environment: Float[Tensor, "9 3"]
    lamps: tuple[Lamp, ...] = ()
    reflections: Reflections | None = None
    sheen: float = 1.0
    mirrored: float = 1.0

    def scaled(self, factor: float) -> "Light":
        """Return a light so many times as strong."""
        return replace(
            self,
            environment=self.environment * factor,
            lamps=tuple(replace(lamp, color=_scaled(lamp.color, factor)) for lamp in self.lamps),
            reflections=None if self.reflections is None else self.reflections.scaled(factor),
        )

    def turned(self, rotation: Float[Tensor, "3 3"]) -> "Light":
        """Return the light turned about the head: what came from d now comes from `rotation` d."""
        return replace(
            self,
            environment=turned_harmonics(self.environment, rotation),
            lamps=tuple(replace(lamp, direction=rotation @ lamp.direction) for lamp in self.lamps),
            reflections=None if self.reflections is None else self.reflections.turned(rotation),
        )


MIRRORED = 0.12
"""Share of a photo's even light that eyes mirror: what lies before a face is mostly dark."""


OWN_HUE = 0.4
"""Share of the differences in hue between its sides that a photo's light keeps in a preview."""


def environment_light(environment: Float[Tensor, "9 3"]) -> Light:
    """Return the light of an environment alone, such as a photo's as the fit found it.

    Without sheen: a fit explains all that skin sends back by what it scatters, so its sheen is in
    the albedo already. Smooth surfaces such as the eyes would mirror the windows and lamps that
    nine harmonics smear over half the sky: they get a catch-light where most light comes from.
    """
    return Light(
        environment=environment, lamps=(_catch_light(environment),), sheen=0.0, mirrored=MIRRORED
    )


def of_one_hue(environment: Float[Tensor, "9 3"], camera: Camera) -> Float[Tensor, "9 3"]:
    """Return a photo's light with less difference in hue from side to side.

    What faces the camera is lit as before. A face shows too few directions to tell the hues of the
    others: neck and shoulders, bare here and clothed in the photo, would come out redder or bluer.
    """
    ahead = sh_basis(functional.normalize(camera.position_in_world, dim=0)) @ environment
    hue = ahead / ahead.mean().clamp_min(1e-6)
    plain = environment.mean(-1, keepdim=True) * hue
    return plain + OWN_HUE * (environment - plain)


def _catch_light(environment: Float[Tensor, "9 3"]) -> Lamp:
    """Return the lamp that stands for an environment's brightest side, kept before the face."""
    towards = environment[1:4].mean(-1) / environment[0].mean().clamp_min(1e-3)
    ahead = functional.normalize(towards + towards.new_tensor([0.0, 0.25, 0.6]), dim=0)
    color = (environment[0] + ahead @ environment[1:4]).clamp_min(0) * 0.7
    red, green, blue = color.tolist()
    return Lamp(direction=ahead, color=(red, green, blue), radius=math.radians(11), glint=True)


def studio_light(camera: Camera, brightness: float = 1.0) -> Light:
    """Return a portrait photographer's set-up that follows the camera around the head.

    A large warm key from the upper left of the picture, a cool fill from the right, a rim from
    behind, and a soft environment brighter above than below; together they show mid-tones of
    albedo at about their own brightness.
    """
    rotation = camera.camera_from_world.rotation
    backwards = -rotation[2]
    up = rotation.new_tensor([0.0, 1.0, 0.0])
    # The set-up stands on the floor: only the camera's azimuth turns it.
    level = backwards - (backwards @ up) * up
    front = level if float(level.norm()) > 1e-3 else -rotation[1]
    front = functional.normalize(front, dim=0)
    right = torch.linalg.cross(up, front)
    axes = torch.stack([right, up, front])
    key = _lamp(axes, (-38.0, 32.0), (0.74, 0.71, 0.67), 14.0)
    # So broad that eyes mirror it as a faint veil and not as a second catch-light.
    fill = _lamp(axes, (48.0, 8.0), (0.14, 0.15, 0.165), 45.0)
    rim = _lamp(axes, (150.0, 35.0), (0.17, 0.175, 0.185), 7.0)
    lamps = tuple(replace(lamp, shadow=lamp is not fill) for lamp in (key, fill, rim))
    light = Light(environment=_studio_environment(front, up), lamps=lamps)
    return light.scaled(brightness)


def _lamp(
    axes: Float[Tensor, "3 3"],
    place: tuple[float, float],
    color: tuple[float, float, float],
    radius: float,
) -> Lamp:
    """Return a lamp at (azimuth right of the camera, elevation); all angles in degrees.

    `axes` are the set-up's right, up and front in the world.
    """
    turn, lift = math.radians(place[0]), math.radians(place[1])
    level = math.cos(lift)
    direction = axes.new_tensor([math.sin(turn) * level, math.sin(lift), math.cos(turn) * level])
    return Lamp(direction=direction @ axes, color=color, radius=math.radians(radius))


def _scaled(color: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    return color[0] * factor, color[1] * factor, color[2] * factor


def _studio_environment(front: Float[Tensor, "3"], up: Float[Tensor, "3"]) -> Float[Tensor, "9 3"]:
    """Return a dim room: 0.34 on average, more from above and from the camera's side."""
    environment = front.new_zeros(9, 3)
    environment[0] = 0.34
    environment[1:4] = (0.10 * up + 0.08 * front)[:, None]
    return environment * environment.new_tensor([0.99, 1.0, 1.02])
