"""The shape of an eye: a ball with a recessed iris, and the clear cornea bulging before it.

Both are made looking along +Z with the ball's centre at the origin. Measures are those of an adult
eye: the visible iris is 11.7 mm wide in everybody, which is what gives a photo its scale; the
cornea's front has a radius of 7.8 mm (Gullstrand's eye); the ball is 26 mm across, two more than
usual, since MakeHuman's lids are made for one of 33.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.parts.surface import Surface, revolved

EYEBALL_RADIUS = 0.013
IRIS_RADIUS = 0.00585
PUPIL_RADIUS = 0.0018
CORNEA_RADIUS = 0.0078

LIMBUS_UV_RADIUS = 0.25
PUPIL_UV_RADIUS = LIMBUS_UV_RADIUS * PUPIL_RADIUS / IRIS_RADIUS
EQUATOR_UV_RADIUS = 0.45

SEGMENTS = 32
LIMBUS_ANGLE = math.asin(IRIS_RADIUS / EYEBALL_RADIUS)
LIMBUS_HEIGHT = EYEBALL_RADIUS * math.cos(LIMBUS_ANGLE)
CORNEA_HEIGHT = LIMBUS_HEIGHT + CORNEA_RADIUS - math.sqrt(CORNEA_RADIUS**2 - IRIS_RADIUS**2)

# The ball's centre as a combination of its first vertex, the pupil, and its last, the back pole.
PUPIL_HEIGHT = LIMBUS_HEIGHT - 0.0011
CENTRE_WEIGHTS = (
    EYEBALL_RADIUS / (EYEBALL_RADIUS + PUPIL_HEIGHT),
    PUPIL_HEIGHT / (EYEBALL_RADIUS + PUPIL_HEIGHT),
)


def uv_radius(polar_angle: Float[Tensor, " angles"]) -> Float[Tensor, " angles"]:
    """Return the texture radius of points of the white at these angles from the gaze, radians."""
    front = (polar_angle - LIMBUS_ANGLE) / (math.pi / 2 - LIMBUS_ANGLE)
    back = (polar_angle - math.pi / 2) / (math.pi / 2)
    return torch.where(
        front < 1,
        LIMBUS_UV_RADIUS + (EQUATOR_UV_RADIUS - LIMBUS_UV_RADIUS) * front,
        EQUATOR_UV_RADIUS + (0.5 - EQUATOR_UV_RADIUS) * back,
    )


def eyeball_surface() -> Surface:
    """Return the ball: pupil at the first vertex, iris set back from the limbus, white behind."""
    radii = torch.tensor([0.0, 1.2, 1.8, 1.95, 3.2, 4.6, 5.6], dtype=torch.float64) * 1e-3
    depth = torch.tensor([1.1, 1.1, 1.1, 0.85, 0.8, 0.65, 0.4], dtype=torch.float64) * 1e-3
    iris = torch.stack([radii, LIMBUS_HEIGHT - depth], dim=-1)
    angles = torch.tensor([2.5, 7, 14, 23, 34, 47, 62, 85, 115], dtype=torch.float64)
    angles = LIMBUS_ANGLE + torch.deg2rad(torch.cat([angles.new_zeros(1), angles]))
    white = EYEBALL_RADIUS * torch.stack([angles.sin(), angles.cos()], dim=-1)
    back = iris.new_tensor([[0.0, -EYEBALL_RADIUS]])
    return revolved(
        torch.cat([iris, white, back]),
        torch.cat(
            [radii * LIMBUS_UV_RADIUS / IRIS_RADIUS, uv_radius(angles), radii.new_tensor([0.5])]
        ),
        SEGMENTS,
        back_pole=True,
    )


def cornea_surface() -> Surface:
    """Return the clear cap over iris and limbus, its edge just under the white's surface."""
    inner = torch.tensor([0.0, 1.4, 2.8, 4.1, 5.2, 5.7], dtype=torch.float64) * 1e-3
    cap = torch.stack(
        [inner, CORNEA_HEIGHT - CORNEA_RADIUS + (CORNEA_RADIUS**2 - inner**2).sqrt()], dim=-1
    )
    angles = LIMBUS_ANGLE + torch.deg2rad(torch.tensor([1.5, 4.0, 7.0], dtype=torch.float64))
    lift = EYEBALL_RADIUS + torch.tensor([6e-5, 2e-5, -4e-5], dtype=torch.float64)
    edge = lift[:, None] * torch.stack([angles.sin(), angles.cos()], dim=-1)
    return revolved(
        torch.cat([cap, edge]),
        torch.cat([inner * LIMBUS_UV_RADIUS / IRIS_RADIUS, uv_radius(angles)]),
        SEGMENTS,
        back_pole=False,
    )
