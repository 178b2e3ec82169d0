"""What synthetic people are painted with: skin of melanin and blood, lips, brows, stubble, hair."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from families import Family
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from avatar.core.pigments import skin_color
from avatar.head.parts.eye_texture import eye_texture
from avatar.ops.interpolate import interpolate
from avatar.render.rasterize_uv import rasterize_uv
from tests.benchmarks.geometry.skin import Look, random_look, skin_albedo

SIZE = 352
"""Texels along a side of the skin's maps; about two thirds of a millimetre a texel."""


@dataclass(frozen=True, kw_only=True)
class Paint:
    """A person's maps: linear albedo, roughness, height in metres; and plain colours of the rest.

    `melanin` and `blood` are what the skin was made of (`avatar.core.pigments`).
    """

    albedo: Tensor
    roughness: Tensor
    height: Tensor
    eye: Tensor
    hair: Tensor
    melanin: float
    blood: float


def paint(family: Family, seed: int) -> Paint:
    """Return the maps of that seed; about half a second."""
    rng = np.random.default_rng([11, seed])
    melanin, blood = float(rng.beta(1.1, 1.3)), float(rng.uniform(0.1, 0.9))
    skin = skin_color(melanin, blood).numpy()
    look = _look(rng, skin.astype(np.float64), melanin)
    points = _positions(family)
    landmarks = family.model.landmarks68.on(family.model.template).numpy() * 100
    landmarks = (landmarks + family.eyes_in_paint).astype(np.float64)
    albedo = skin_albedo(points, landmarks, look)
    grain = rng.random((96, 96, 96)).astype(np.float32)
    freckles = float(rng.choice([0.0, 0.0, 0.5, 0.9])) * (1 - melanin)
    spots = _step(_noise(grain, points, 0.18), 0.80, 0.95) * freckles * _face_front(points)
    albedo = albedo * (1 - spots[..., None] * (0.18, 0.38, 0.45))
    oily = np.exp(-(((points[..., 0]) / 2.2) ** 2)) * _face_front(points)
    rough = rng.uniform(0.36, 0.62) - 0.12 * oily * rng.uniform(0, 1)
    rough = rough + 0.05 * (_noise(grain, points, 0.3) - 0.5)
    pores = _noise(grain, points, 0.06) - 0.5
    lines = np.sin(points[..., 1] * rng.uniform(5, 8) + 1.5 * _noise(grain, points, 1.5))
    brow = np.exp(-(((points[..., 1] - 8.5) / 1.6) ** 2)) * _face_front(points)
    height = 4e-5 * pores + rng.choice([0.0, 1.5e-4]) * lines * brow
    return Paint(
        albedo=torch.from_numpy(albedo).float(),
        roughness=torch.from_numpy(rough.clip(0.2, 0.9)).float(),
        height=torch.from_numpy(np.asarray(height)).float(),
        eye=eye_texture(torch.tensor(look.iris, dtype=torch.float32)),
        hair=torch.tensor(look.hair, dtype=torch.float32),
        melanin=melanin,
        blood=blood,
    )


def _look(rng: np.random.Generator, skin: NDArray[np.float64], melanin: float) -> Look:
    """Return the benchmark's kind of look with this skin, its lips and hair going with it."""
    look = random_look(rng)
    lips = skin * (0.86, 0.52, 0.55) * rng.uniform(0.85, 1.15)
    hair = look.hair if melanin < 0.5 else tuple(np.multiply((0.012, 0.009, 0.007), 1.2))
    grey = rng.random() < 0.15
    hair = tuple(np.full(3, rng.uniform(0.12, 0.4))) if grey else hair
    red, green, blue = (float(value) for value in skin)
    return replace(
        look,
        skin=(red, green, blue),
        lips=tuple(float(value) for value in lips),
        hair=tuple(float(value) for value in hair),
        stubble=float(rng.choice([0.0, 0.0, 0.0, 0.3, 0.6, 0.95])),
    )


@lru_cache(maxsize=4)
def _positions(family: Family) -> NDArray[np.float64]:
    """Return the template's position under each texel, in the paint's frame (cm), gaps filled."""
    part = family.model.part("skin")
    fragments = rasterize_uv(family.model.uvs, part.uv_faces, SIZE)
    points = interpolate(fragments, part.faces, family.model.template).double().numpy()
    empty = ~fragments.covered.numpy()
    nearest = ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
    return points[tuple(nearest)] * 100 + family.eyes_in_paint


def _noise(
    table: NDArray[np.float32], points: NDArray[np.float64], size: float
) -> NDArray[np.float64]:
    cells = points.reshape(-1, 3).T / size
    values = ndimage.map_coordinates(table, cells, order=1, mode="grid-wrap")
    return values.reshape(points.shape[:-1])


def _face_front(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return _step(points[..., 2], 4.0, 8.0) * _step(points[..., 1], -9.0, -6.0)


def _step(value: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    ramp = ((value - low) / (high - low)).clip(0, 1)
    return ramp * ramp * (3 - 2 * ramp)
