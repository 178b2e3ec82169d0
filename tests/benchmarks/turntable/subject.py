"""Who stands on the turntable, and in what light."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.core.avatar import Avatar
from avatar.core.harmonics import sh_basis
from avatar.core.material import Material
from avatar.create.default_head import default_head
from avatar.files.radiance import read_radiance
from avatar.render.frame_head import frame_head
from avatar.render.light import Lamp, Light, studio_light
from avatar.render.panorama_light import panorama_light
from avatar.render.reflections import panorama_directions

ROWS = 256
"""Rows of the panoramas the reference is lit by."""

_OF_IRRADIANCE = (1.0, *(1.5,) * 3, *(4.0,) * 5)
"""What turns the coefficients of irradiance over pi into those of radiance."""


@dataclass(frozen=True, kw_only=True)
class LitBy:
    """A light as `avatar.render` takes it, and the panorama that truly shines."""

    name: str
    light: Light
    panorama: Float[Tensor, "rows columns 3"]


def painted_head() -> Avatar:
    """Return the default head with a skin that is not the same everywhere, in all its maps."""
    generator = torch.Generator().manual_seed(0)
    rough = torch.rand(1, 5, 12, 12, generator=generator)
    broad = functional.interpolate(rough, size=512, mode="bicubic")[0].clamp(0, 1)
    fine = functional.interpolate(
        torch.rand(1, 1, 160, 160, generator=generator), size=512, mode="bicubic"
    )[0, 0]
    height = 0.2 * fine + 2 * broad[4]
    slope_u, slope_v = torch.gradient(height)[1], torch.gradient(height)[0]
    bumps = functional.normalize(
        torch.stack([-slope_u, slope_v, torch.full_like(height, 1.0)], -1), dim=-1
    )
    tone = torch.tensor([0.46, 0.27, 0.19]) * (0.75 + 0.5 * broad[:3].permute(1, 2, 0))
    skin = Material(
        name="skin",
        base_color_map=tone,
        roughness=1.0,
        roughness_map=0.38 + 0.24 * broad[3],
        normal_map=bumps * 0.5 + 0.5,
    )
    head = default_head()
    others = tuple(m for m in head.materials if m.name != "skin")
    return replace(head, materials=(skin, *others))


def lights(head: Avatar, panoramas: list[Path]) -> Iterator[LitBy]:
    """Yield lights: a studio, lamps from aside and from behind, a room, and real panoramas."""
    studio = studio_light(frame_head(head.mesh))
    yield LitBy(name="studio", light=studio, panorama=panorama_of(studio))
    for name, around, up, radius in (("lamp", 55.0, 30.0, 9.0), ("backlight", 150.0, 15.0, 4.0)):
        light = Light(
            environment=torch.zeros(9, 3).index_fill(0, torch.tensor([0]), 0.03),
            lamps=(_lamp(around, up, radius),),
        )
        yield LitBy(name=name, light=light, panorama=panorama_of(light))
    yield _seen("room", room())
    for path in panoramas:
        yield _seen(path.stem.split("_")[0], read_radiance(path))


def _lamp(around: float, up: float, radius: float) -> Lamp:
    turn, lift = math.radians(around), math.radians(up)
    place = [math.sin(turn) * math.cos(lift), math.sin(lift), math.cos(turn) * math.cos(lift)]
    return Lamp(
        direction=torch.tensor(place),
        color=(1.0, 0.95, 0.88),
        radius=math.radians(radius),
        shadow=True,
    )


def _seen(name: str, panorama: Float[Tensor, "rows columns 3"]) -> LitBy:
    """Return the light of a panorama, and the panorama exposed alike."""
    channels = panorama.permute(2, 0, 1)[None]
    small = functional.interpolate(channels, (ROWS, 2 * ROWS), mode="area")[0].permute(1, 2, 0)
    light = panorama_light(panorama)
    shining = light.environment[0].mean() + sum(sum(lamp.color) / 12 for lamp in light.lamps)
    level = ((torch.arange(ROWS) + 0.5) / ROWS * math.pi).sin()[:, None, None]
    mean = (small * level).sum() / (level.sum() * 2 * ROWS * 3)
    return LitBy(name=name, light=light, panorama=small * (shining / mean))


def panorama_of(light: Light) -> Float[Tensor, "rows columns 3"]:
    """Return what a light of harmonics and lamps looks like from the head, lamps as discs."""
    towards = directions()
    radiance = light.environment * torch.tensor(_OF_IRRADIANCE)[:, None]
    picture = (sh_basis(towards) @ radiance).clamp_min(0)
    for lamp in light.lamps:
        # Several times finer than a pixel, so that a lamp keeps its power.
        inside = _share_inside(lamp)
        picture = picture + inside * torch.tensor(lamp.color) / math.sin(lamp.radius) ** 2
    return picture


def room() -> Float[Tensor, "rows columns 3"]:
    """Return a made-up room: two windows, a lamp on the ceiling, a warm floor."""
    towards = directions()
    x, y, z = towards.unbind(-1)
    picture = 0.25 + 0.1 * y[..., None] * torch.tensor([0.6, 0.9, 1.2])
    picture = picture + (y < -0.3)[..., None] * torch.tensor([0.12, 0.07, 0.03])
    window = (x < -0.6) & ((y - 0.2).abs() < 0.3) & ((z - 0.35).abs() < 0.3)
    other = (z < -0.7) & ((y - 0.15).abs() < 0.25) & ((x - 0.3).abs() < 0.2)
    ceiling = (y > 0.93) & (x.abs() < 0.25)
    for part, color in (
        (window, (9.0, 9.6, 10.4)),
        (other, (6.0, 6.2, 6.6)),
        (ceiling, (5.0, 4.0, 2.8)),
    ):
        picture = torch.where(part[..., None], torch.tensor(color), picture)
    return picture


def directions(rows: int = ROWS) -> Float[Tensor, "rows columns 3"]:
    """Return where the pixels of a panorama lie: its middle before the face."""
    return panorama_directions((torch.arange(rows) + 0.5) / rows * math.pi)


def _share_inside(lamp: Lamp) -> Float[Tensor, "rows columns 1"]:
    fine = (directions(4 * ROWS) @ lamp.direction > math.cos(lamp.radius)).float()
    return functional.avg_pool2d(fine[None], 4)[0][..., None]
