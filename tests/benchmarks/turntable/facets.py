"""How much light rough surfaces mirror in all, integrated without a fit."""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def fresnel(cosine: Array, ior: float) -> Array:
    """Return the reflectance of a dielectric for unpolarised light (Fresnel)."""
    inside = np.sqrt(1 - (1 - cosine**2) / ior**2)
    across = (cosine - ior * inside) / (cosine + ior * inside)
    along = (ior * cosine - inside) / (ior * cosine + inside)
    return (across**2 + along**2) / 2


def mirrored_share(cosines: Array, roughness: float, ior: float | None) -> Array:
    """Return what GGX facets mirror of a uniform world, seen at these cosines; perfectly, for None.

    Facets are drawn as they are seen (Heitz 2018), their shadowing is Smith's, height-correlated.
    """
    alpha = roughness**2
    steps = (np.arange(64) + 0.5) / 64
    radius, turn = np.meshgrid(np.sqrt(steps), 2 * math.pi * steps, indexing="ij")
    return np.array([_share(float(c), alpha, ior, radius, turn) for c in cosines])


def _share(cosine: float, alpha: float, ior: float | None, radius: Array, turn: Array) -> float:
    view = np.array([math.sqrt(1 - cosine**2), 0.0, cosine])
    stretched = view * [alpha, alpha, 1]
    stretched /= np.linalg.norm(stretched)
    first = np.array([0.0, 1.0, 0.0])
    second = np.cross(stretched, first)
    second /= np.linalg.norm(second)
    first = np.cross(second, stretched)
    x, y = radius * np.cos(turn), radius * np.sin(turn)
    share = 0.5 * (1 + stretched[2])
    y = (1 - share) * np.sqrt(1 - x**2) + share * y
    z = np.sqrt(np.clip(1 - x**2 - y**2, 0, None))
    half = x[..., None] * first + y[..., None] * second + z[..., None] * stretched
    half = half * [alpha, alpha, 1]
    half[..., 2] = half[..., 2].clip(1e-6)
    half /= np.linalg.norm(half, axis=-1, keepdims=True)
    facing = half @ view
    out = 2 * facing[..., None] * half - view
    lit = out[..., 2] > 1e-6
    leaving = out[..., 2].clip(1e-6)
    one, other = _smith(np.array(cosine), alpha), _smith(leaving, alpha)
    shadowing = (1 + one) / (1 + one + other)
    mirrored = np.ones_like(facing) if ior is None else fresnel(facing.clip(1e-6, 1), ior)
    return float((mirrored * shadowing * lit).mean())


def _smith(cosine: Array, alpha: float) -> Array:
    return (np.sqrt(1 + alpha**2 * (1 / cosine**2 - 1)) - 1) / 2
