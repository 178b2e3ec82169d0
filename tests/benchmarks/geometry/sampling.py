"""The photographer: where cameras stand, what light there is, which faces people make."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.geometry.render import Lighting, View

Array = NDArray[np.float64]

EXPRESSIONS: tuple[Mapping[str, float], ...] = (
    {"mouthSmile_L": 0.8, "mouthSmile_R": 0.8, "cheekSquint_L": 0.5, "cheekSquint_R": 0.5},
    {
        "mouthSmile_L": 0.7,
        "mouthSmile_R": 0.65,
        "jawOpen": 0.35,
        "mouthUpperUp_L": 0.4,
        "mouthUpperUp_R": 0.4,
        "eyeSquint_L": 0.4,
        "eyeSquint_R": 0.4,
    },
    {
        "browInnerUp_L": 0.9,
        "browInnerUp_R": 0.9,
        "browOuterUp_L": 0.8,
        "browOuterUp_R": 0.8,
        "eyeWide_L": 0.6,
        "eyeWide_R": 0.6,
        "jawOpen": 0.3,
    },
    {
        "browDown_L": 0.9,
        "browDown_R": 0.9,
        "noseSneer_L": 0.4,
        "noseSneer_R": 0.4,
        "mouthPress_L": 0.5,
        "mouthPress_R": 0.5,
    },
    {
        "browInnerUp_L": 0.8,
        "browInnerUp_R": 0.8,
        "mouthFrown_L": 0.7,
        "mouthFrown_R": 0.7,
        "mouthShrugLower": 0.3,
    },
    {"mouthPucker": 0.8, "browDown_L": 0.2, "browDown_R": 0.2},
    {"jawOpen": 0.65},
    {"mouthLeft": 0.5, "browOuterUp_R": 0.9, "mouthSmile_L": 0.4, "eyeSquint_L": 0.5},
    {"mouthFunnel": 0.6, "jawOpen": 0.2, "eyeLookOut_L": 0.5, "eyeLookIn_R": 0.5},
    {"eyeBlink_L": 0.9, "mouthSmile_L": 0.6, "cheekSquint_L": 0.5},
)


@dataclass(frozen=True, kw_only=True)
class Shoot:
    """A session: three views of about 0, -30 and +30 degrees of yaw under one light."""

    views: tuple[View, View, View]
    lighting: Lighting


def random_shoot(
    rng: np.random.Generator, environments: tuple[Array, ...], size: tuple[int, int]
) -> Shoot:
    """Return cameras of one focal length (35 to 85 mm equivalent) that frame the head alike."""
    width, height = size
    focal_35mm = rng.uniform(35, 85)
    focal = focal_35mm * np.hypot(width, height) / np.hypot(36, 24)
    shown = rng.uniform(0.34, 0.46)  # metres across the picture at the head
    distance = float(np.clip(shown * focal / width, 0.5, 1.5))
    yaws = np.radians([rng.uniform(-7, 7), rng.uniform(-34, -25), rng.uniform(25, 34)])
    views = [_view(yaw, distance * rng.uniform(0.95, 1.05), focal, size, rng) for yaw in yaws]
    return Shoot(views=(views[0], views[1], views[2]), lighting=_lighting(rng, environments))


def random_identity(
    rng: np.random.Generator, modes: int, *, spread: float = 1.0, limit: float = 1.5
) -> Array:
    """Return normal coefficients of that deviation, drawn again until within the limit."""
    values = spread * rng.normal(size=modes)
    while (outside := np.abs(values) > limit).any():
        values[outside] = spread * rng.normal(size=int(outside.sum()))
    return values


def _view(
    yaw: float, distance: float, focal: float, size: tuple[int, int], rng: np.random.Generator
) -> View:
    width, height = size
    pitch, roll = np.radians(rng.uniform(-7, 9)), np.radians(rng.uniform(-5, 5))
    # Eyeball centres lie some 8 cm before the head's middle and 3 cm above the face's.
    target = np.array([0.0, -0.025, -0.04]) + rng.uniform(-0.012, 0.012, 3)
    away = [np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)]
    forward = -np.array(away)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    tilted = np.cos(roll) * right + np.sin(roll) * down
    rotation = np.stack([tilted, np.cross(forward, tilted), forward])
    intrinsics = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])
    return View(
        intrinsics=intrinsics,
        rotation=rotation,
        translation=rotation @ -(target - forward * distance),
        width=width,
        height=height,
    )


def _lighting(rng: np.random.Generator, environments: tuple[Array, ...]) -> Lighting:
    environment = environments[int(rng.integers(len(environments)))]
    # Cameras white-balance: neither sky nor street lamps stay as coloured as they are.
    grey = environment.mean((0, 1))
    balanced = environment / (grey / grey.mean()) ** rng.uniform(0.85, 1.0)
    strength = rng.uniform(0.35, 1.0)
    softbox = None
    if strength < 0.8:
        radiance = rng.uniform(4, 12)
        softbox = (rng.uniform(-0.9, 0.9), rng.uniform(0.1, 0.8), radiance)
    return Lighting(
        environment=balanced / balanced.mean(),
        turn=rng.uniform(0, 2 * np.pi),
        strength=strength,
        softbox=softbox,
    )
