"""The default look of an eye: iris, pupil, limbus, white and its veins, painted in polar uvs."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.parts.conjunctiva import CARUNCLE_U
from avatar.head.parts.eyeball import LIMBUS_UV_RADIUS, PUPIL_UV_RADIUS
from avatar.head.parts.noise import mixed, polar_noise, smooth_noise, smooth_step

SCLERA_COLOR = (0.60, 0.55, 0.52)
WHITE_ROUGHNESS, IRIS_ROUGHNESS = 0.22, 0.95
_VEINS = 34
_VEIN_STEPS = 90
_VEIN_RED = (0.42, 0.10, 0.08)
_LID_PINK, _BALL_PINK, _CARUNCLE_RED = (0.43, 0.25, 0.20), (0.48, 0.34, 0.30), (0.44, 0.18, 0.15)


def eye_texture(
    iris_color: Float[Tensor, "3"],
    sclera_color: Float[Tensor, "3"] | None = None,
    size: int = 512,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "size size 3"]:
    """Return the base colour of an eyeball, linear RGB.

    The iris fills the circle of radius `LIMBUS_UV_RADIUS` about the texture's middle; u runs
    towards the temple. The same generator state paints the same eye.

    Args:
        iris_color: mean linear RGB of the iris.
        sclera_color: linear RGB of the white; a slightly warm grey by default.
        size: pixels along each side.
        generator: source of the fibres' and veins' randomness.
    """
    generator = generator or torch.Generator().manual_seed(7)
    white = sclera_color if sclera_color is not None else torch.tensor(SCLERA_COLOR)
    steps = (torch.arange(size) + 0.5) / size - 0.5
    y, x = torch.meshgrid(-steps, steps, indexing="ij")
    radius, angle = torch.hypot(x, y), torch.atan2(y, x)
    sclera = _sclera(white.float(), radius, angle, generator)
    iris = _iris(iris_color.float(), radius / LIMBUS_UV_RADIUS, angle, generator)
    limbus = smooth_step(0.93 * LIMBUS_UV_RADIUS, 1.07 * LIMBUS_UV_RADIUS, radius)
    return (mixed(iris, sclera, limbus) * _under_lids(x, y)[..., None]).clamp(0, 1)


def _under_lids(
    x: Float[Tensor, "size size"], y: Float[Tensor, "size size"]
) -> Float[Tensor, "size size"]:
    """Return the shade that lids and lashes throw on a ball that looks ahead.

    It is part of the colour since few viewers compute it, and eyes without it stare.
    """
    upper = smooth_step(0.03, 0.23, y + 0.3 * x * x)
    lower = smooth_step(0.18, 0.32, -y)
    corners = smooth_step(0.24, 0.42, x.abs())
    return (1 - 0.7 * upper) * (1 - 0.3 * lower) * (1 - 0.3 * corners)


def eye_roughness(size: int = 128) -> Float[Tensor, "size size"]:
    """Return the eyeball's roughness: a wet white, and an iris whose gloss is the cornea's."""
    steps = (torch.arange(size) + 0.5) / size - 0.5
    radius = torch.hypot(*torch.meshgrid(steps, steps, indexing="ij"))
    white = smooth_step(0.98 * LIMBUS_UV_RADIUS, 1.08 * LIMBUS_UV_RADIUS, radius)
    return IRIS_ROUGHNESS + (WHITE_ROUGHNESS - IRIS_ROUGHNESS) * white


def _iris(
    color: Float[Tensor, "3"],
    radius: Float[Tensor, "size size"],
    angle: Float[Tensor, "size size"],
    generator: torch.Generator,
) -> Float[Tensor, "size size 3"]:
    """Paint fibres round the pupil, the brighter collarette, furrows and the dark limbal ring."""
    pupil = PUPIL_UV_RADIUS / LIMBUS_UV_RADIUS
    depth = (radius - pupil) / (1 - pupil)
    bend = 0.05 * polar_noise(depth, angle, (4, 24), generator)
    fine = polar_noise(depth, angle + bend, (5, 220), generator)
    coarse = polar_noise(depth, angle + bend, (4, 64), generator)
    wide = polar_noise(depth, angle, (3, 9), generator)
    fibres = 0.20 * fine + 0.20 * coarse + 0.10 * wide
    collarette = torch.exp(-(((depth - 0.28 - 0.03 * wide) / 0.09) ** 2))
    furrows = 0.08 * torch.cos(depth * 26 + 1.5 * wide) * smooth_step(0.45, 0.7, depth)
    light = 0.95 + fibres * (0.7 + 0.6 * smooth_step(0.1, 0.5, depth)) + 0.32 * collarette - furrows
    light = light.clamp_min(0.25) * (1 - 0.78 * smooth_step(0.72, 1.02, depth))
    # Near the pupil the front layer is thin: browner in light eyes, brighter in dark ones.
    warm = color.mean() * torch.tensor([1.55, 0.95, 0.5])
    inner = smooth_step(0.42, 0.1, depth + 0.05 * coarse)
    tinted = mixed(color.expand(*radius.shape, 3), warm.expand(*radius.shape, 3), 0.45 * inner)
    iris = tinted * light[..., None]
    edge = smooth_step(pupil * 0.97, pupil * 1.06, radius)
    return mixed(torch.full_like(iris, 0.003), iris, edge)


def _sclera(
    white: Float[Tensor, "3"],
    radius: Float[Tensor, "size size"],
    angle: Float[Tensor, "size size"],
    generator: torch.Generator,
) -> Float[Tensor, "size size 3"]:
    """Paint the white: greyer at the limbus, warmer and veined towards the corners."""
    size = len(radius)
    away = ((radius - LIMBUS_UV_RADIUS) / (0.5 - LIMBUS_UV_RADIUS)).clamp(0, 1)
    cloud = polar_noise(away, angle, (6, 40), generator)
    sides = torch.cos(angle).abs()
    red = (0.75 * away * (0.3 + 0.7 * sides**2)).clamp(0, 1)
    pink = torch.tensor([0.95, 0.70, 0.62])
    color = white * (1 + 0.02 * cloud[..., None]) * (1 + (pink - 1) * red[..., None])
    color = color * (0.9 + 0.1 * smooth_step(0.0, 0.25, away))[..., None]
    veins = _veins(size, generator)
    return mixed(color, torch.tensor(_VEIN_RED).expand_as(color), 0.55 * veins)


def _veins(size: int, generator: torch.Generator) -> Float[Tensor, "size size"]:
    """Draw veins that wander from the corners towards the limbus and fade before it."""
    image = torch.zeros(size * size)
    heading_noise = torch.randn(_VEINS, _VEIN_STEPS, generator=generator)
    side = torch.rand(_VEINS, generator=generator) < 0.5
    start = 0.75 * torch.randn(_VEINS, generator=generator) * 0.6
    angle = torch.where(side, start, math.pi - start)
    radius = 0.40 + 0.1 * torch.rand(_VEINS, generator=generator)
    strength = 0.25 + 0.75 * torch.rand(_VEINS, generator=generator)
    reach = LIMBUS_UV_RADIUS + 0.02 + 0.08 * torch.rand(_VEINS, generator=generator)
    drift = torch.zeros(_VEINS)
    for step in range(_VEIN_STEPS):
        drift = 0.86 * drift + 0.012 * heading_noise[:, step]
        angle = angle + drift
        radius = radius - 0.0022
        x = (0.5 + radius * angle.cos()) * size - 0.5
        y = (0.5 - radius * angle.sin()) * size - 0.5
        fade = smooth_step(0.0, 0.05, radius - reach) * strength
        _splat(image, torch.stack([x, y], -1), fade, size)
    return image.reshape(size, size).clamp(0, 1)


def _splat(
    image: Float[Tensor, " pixels"],
    at: Float[Tensor, "points 2"],
    amount: Float[Tensor, " points"],
    size: int,
) -> None:
    """Add points to an image in place, shared bilinearly among four pixels."""
    low = at.floor()
    share = at - low
    for step_x in (0, 1):
        for step_y in (0, 1):
            step = torch.tensor([step_x, step_y])
            weight = torch.where(step == 1, share, 1 - share).prod(-1)
            pixel = (low + step).long().clamp(0, size - 1)
            image.index_add_(0, pixel[:, 1] * size + pixel[:, 0], amount * weight)


def conjunctiva_texture(
    size: tuple[int, int] = (32, 128), generator: torch.Generator | None = None
) -> Float[Tensor, "height width 3"]:
    """Return the base colour of the tissue round the eye, linear RGB: red only at the caruncle."""
    generator = generator or torch.Generator().manual_seed(19)
    height, width = size
    v = ((torch.arange(height) + 0.5) / height)[:, None].expand(height, width)
    u = ((torch.arange(width) + 0.5) / width).expand(height, width)
    caruncle = torch.exp(-(((u - CARUNCLE_U) / 0.06) ** 2))
    pale = mixed(
        torch.tensor(_LID_PINK).expand(height, width, 3),
        torch.tensor(_BALL_PINK).expand(height, width, 3),
        smooth_step(0.3, 0.9, v),
    )
    color = mixed(pale, torch.tensor(_CARUNCLE_RED).expand(height, width, 3), 0.8 * caruncle)
    return (color * (1 + 0.04 * smooth_noise(size, (4, 40), generator))[..., None]).clamp(0, 1)
