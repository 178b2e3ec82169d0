"""Rooms that light a head: walls that glow evenly, and luminous panels in front of them."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.core.harmonics import light_from_radiance, radiance_from_directions
from avatar.render.light import Lamp, Light

RoomName = Literal["softbox", "window", "rim", "overcast"]
Triple = tuple[float, float, float]

WIDEST_LAMP = math.radians(27)
"""Half the angle beyond which a panel is part of the room instead of a lamp."""

KEY_COLOR: Triple = (1.0, 0.95, 0.88)
"""The key light's colour at strength 1: warm."""

_MIRRORED = 0.5
"""Share of a room that smooth surfaces mirror: nine harmonics smear it over half the sky."""

_RAYS = 1024
_PANEL_POINTS = 12


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A luminous box: its place and size in metres from the head, its radiance (linear RGB)."""

    place: Triple
    size: Triple
    radiance: Triple


@dataclass(frozen=True, kw_only=True)
class Room:
    """The radiance of a room's walls, and what else shines in it."""

    walls: float
    panels: tuple[Panel, ...]


ROOMS: dict[RoomName, Room] = {
    "softbox": Room(
        walls=0.3,
        panels=(
            Panel(place=(-4, 3.4, 4.2), size=(3, 3.6, 0.1), radiance=(11, 10.5, 9.9)),
            Panel(place=(4.6, 1.6, 3.2), size=(2.4, 3.6, 0.1), radiance=(4.6, 4.8, 5.2)),
            Panel(place=(0.5, 6, -1), size=(5, 0.1, 4), radiance=(2.2, 2.2, 2.3)),
            Panel(place=(3.5, 2.5, -5), size=(2, 4, 0.1), radiance=(4.5, 4.2, 3.9)),
        ),
    ),
    "window": Room(
        walls=0.12,
        panels=(
            Panel(place=(-5.5, 1.6, 1.6), size=(0.1, 5, 4.4), radiance=(10, 10.6, 11.6)),
            Panel(place=(5.5, 0.6, 0.5), size=(0.1, 3, 4), radiance=(0.7, 0.64, 0.58)),
        ),
    ),
    "rim": Room(
        walls=0.05,
        panels=(
            Panel(place=(-4.4, 2, -3), size=(1.2, 5, 0.1), radiance=(18, 12, 8)),
            Panel(place=(4.6, 2, -2.6), size=(1.2, 5, 0.1), radiance=(7, 10, 17)),
            Panel(place=(0, 2.5, 6), size=(2.4, 1.6, 0.1), radiance=(2.2, 2.1, 2)),
        ),
    ),
    "overcast": Room(
        walls=0.85,
        panels=(Panel(place=(0, 6, 0), size=(9, 0.1, 9), radiance=(1.6, 1.75, 2)),),
    ),
}


def room_light(room: Room) -> Light:
    """Return what a room sends to a head in its middle.

    Panels that span a small angle become lamps, which cast shadows and shine in the eyes; wide ones
    and the walls become the environment.
    """
    radiance = functional.pad(torch.full((1, 3), room.walls) * 2 * math.sqrt(math.pi), (0, 0, 0, 8))
    lamps: list[Lamp] = []
    for panel in room.panels:
        directions, angles = _seen_from_head(panel)
        towards = functional.normalize((directions * angles[:, None]).sum(0), dim=0)
        spanned = float(angles.sum())
        radius = math.acos(max(1 - spanned / (2 * math.pi), -1.0))
        if radius > WIDEST_LAMP:
            added = torch.tensor(panel.radiance, dtype=torch.float32) - room.walls
            radiance = radiance + radiance_from_directions(
                directions, added.expand(len(directions), 3), angles
            )
            continue
        strength = float((directions @ towards * angles).sum()) / math.pi
        red, green, blue = (strength * value for value in panel.radiance)
        lamps.append(Lamp(direction=towards, color=(red, green, blue), radius=radius, shadow=True))
    environment = light_from_radiance(radiance)
    return Light(environment=environment, lamps=tuple(lamps), mirrored=_MIRRORED)


def _seen_from_head(panel: Panel) -> tuple[Float[Tensor, "points 3"], Float[Tensor, " points"]]:
    """Return directions to points all over a panel, and the solid angle each stands for."""
    place, size = torch.tensor([panel.place, panel.size], dtype=torch.float32)
    thin = int(size.argmin())
    steps = (torch.arange(_PANEL_POINTS) + 0.5) / _PANEL_POINTS - 0.5
    first, second = torch.meshgrid(steps, steps, indexing="ij")
    flat = torch.zeros(_PANEL_POINTS**2, 3)
    wide, high = (axis for axis in range(3) if axis != thin)
    flat[:, wide], flat[:, high] = first.reshape(-1) * size[wide], second.reshape(-1) * size[high]
    facing = functional.normalize(place, dim=0)
    normal = functional.one_hot(torch.tensor(thin), 3).to(place)
    if thin == 2:
        # Upright panels are turned to the head.
        up = torch.tensor([0.0, 1.0, 0.0])
        right = functional.normalize(torch.linalg.cross(up, facing), dim=0)
        axes = torch.stack([right, torch.linalg.cross(facing, right), facing])
        flat, normal = flat @ axes, facing
    points = place + flat
    distance = points.norm(dim=1)
    directions = points / distance[:, None]
    area = float(size[wide] * size[high]) / len(points)
    return directions, area * (directions @ normal).abs() / distance**2


def key_lamp(strength: float, azimuth: float, height: float) -> Lamp:
    """Return the key light, from `azimuth` to the picture's right and `height`, radians."""
    level = math.cos(height)
    red, green, blue = (strength * value for value in KEY_COLOR)
    return Lamp(
        direction=torch.tensor(
            [math.sin(azimuth) * level, math.sin(height), math.cos(azimuth) * level]
        ),
        color=(red, green, blue),
        radius=math.radians(6),
        shadow=True,
    )
