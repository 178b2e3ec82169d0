"""Synthetic surroundings: panoramas of sky, ground, windows and lamps, and cameras in them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from avatar.core.camera import Camera, intrinsics_from_focal
from avatar.core.harmonics import light_from_radiance, radiance_from_directions
from avatar.core.transform import Transform, rotation_from_euler

HEIGHT, WIDTH = 48, 96


@dataclass(frozen=True, kw_only=True)
class Lobe:
    """A bright spot: `color` at its middle, falling off as exp(sharpness (cosine - 1))."""

    direction: Tensor
    color: Tensor
    sharpness: float

    def radiance(self, directions: Tensor) -> Tensor:
        """Return linear RGB from each direction."""
        fall = (self.sharpness * (directions @ self.direction - 1)).exp()
        return fall[..., None] * self.color

    @property
    def irradiance(self) -> Tensor:
        """What a white matte surface that faces the lobe shows."""
        return self.color * 2 / self.sharpness


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """An environment: an even part as a lat-long panorama, and lobes on top.

    Panorama rows go from the zenith down; the middle column lies along +Z.
    """

    even: Tensor
    lobes: tuple[Lobe, ...]

    @property
    def panorama(self) -> Tensor:
        """All of it as one panorama (HEIGHT, WIDTH, 3), linear."""
        directions, _ = panorama_directions()
        return self.even + sum((lobe.radiance(directions) for lobe in self.lobes), torch.zeros(1))

    @property
    def even_light(self) -> Tensor:
        """The even part as harmonics (`avatar.core.harmonics`)."""
        return _harmonics(self.even)

    @property
    def light(self) -> Tensor:
        """Everything as harmonics."""
        return _harmonics(self.panorama)


def panorama_directions() -> tuple[Tensor, Tensor]:
    """Return the unit direction of every panorama pixel and the solid angle it spans."""
    rows = (torch.arange(HEIGHT) + 0.5) * math.pi / HEIGHT
    columns = (torch.arange(WIDTH) + 0.5) * 2 * math.pi / WIDTH - math.pi
    down, around = torch.meshgrid(rows, columns, indexing="ij")
    directions = torch.stack([down.sin() * around.sin(), down.cos(), down.sin() * around.cos()], -1)
    area = down.sin()
    return directions, area * (4 * math.pi / area.sum())


def random_surroundings(generator: torch.Generator) -> Surroundings:
    """Return a sky over a ground, blurred patches like a room's, and up to three lights."""
    directions, _ = panorama_directions()

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    warmth = float(uniform(1) - 0.5)
    tint = torch.tensor([1 + 0.35 * warmth, 1.0, 1 - 0.35 * warmth])
    sky = (0.2 + 0.9 * float(uniform(1))) * tint
    ground = sky * (0.15 + 0.6 * float(uniform(1))) * (1 + 0.2 * (uniform(3) - 0.5))
    up = (0.5 + 0.5 * directions[..., 1:2] * (1 + 4 * float(uniform(1)))).clamp(0, 1)
    even = sky * up + ground * (1 - up)
    for _ in range(6):
        way = torch.nn.functional.normalize(torch.randn(3, generator=generator), dim=0)
        patch = (uniform(1) * 2.2).exp() * 0.35 * tint * (1 + 0.3 * (uniform(3) - 0.5))
        fall = torch.sigmoid((directions @ way - 0.3 - 0.6 * float(uniform(1))) * 12)[..., None]
        even = even * (1 - fall) + patch * fall
    lobes = tuple(_lobe(generator) for _ in range(int(float(uniform(1)) * 3.4)))
    return Surroundings(even=even, lobes=lobes)


def random_camera(generator: torch.Generator, size: int) -> Camera:
    """Return a camera that frames the face; yaw within 65 degrees, mostly within 40."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    reach = 65.0 if float(uniform(1)) < 0.35 else 38.0
    spread = 2 * uniform(3) - 1
    angles = spread * torch.tensor([22.0, reach, 14.0]) * math.pi / 180
    flip = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    rotation = flip @ rotation_from_euler(angles[0], angles[1], angles[2])
    distance = 0.35 * float((math.log(2.5 / 0.35) * uniform(1)).exp())
    face = size * (0.52 + 0.2 * float(uniform(1)))
    focal = face * distance / 0.19
    middle = rotation @ torch.tensor([0.0, -0.035, 0.02])
    shift = (uniform(2) - 0.5) * 0.03
    translation = torch.tensor([float(shift[0]), float(shift[1]), distance]) - middle
    return Camera(
        intrinsics=intrinsics_from_focal(focal, size, size),
        camera_from_world=Transform(rotation=rotation, translation=translation),
        width=size,
        height=size,
    )


def _lobe(generator: torch.Generator) -> Lobe:
    """Return a window, a softbox or a sun, more often before the face than behind it."""
    way = torch.randn(3, generator=generator) + torch.tensor([0.0, 0.5, 0.7])
    draw = torch.rand(3, generator=generator)
    sharpness = 6.0 * float((draw[0] * math.log(60.0)).exp())
    warmth = float(draw[1] - 0.5)
    color = torch.tensor([1 + 0.5 * warmth, 1.0, 1 - 0.5 * warmth])
    power = 0.15 + 1.1 * float(draw[2])
    return Lobe(
        direction=torch.nn.functional.normalize(way, dim=0),
        color=color * power * sharpness / 2,
        sharpness=sharpness,
    )


def _harmonics(panorama: Tensor) -> Tensor:
    directions, area = panorama_directions()
    radiance = radiance_from_directions(
        directions.reshape(-1, 3), panorama.reshape(-1, 3), area.reshape(-1)
    )
    return light_from_radiance(radiance)
