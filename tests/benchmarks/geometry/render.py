"""Photo-like pictures of painted heads by Mitsuba 3, which this package shares nothing with."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.geometry.denoise import denoise
from tests.benchmarks.geometry.surface import Surface, write_ply

Array = NDArray[np.float64]

SOFTBOX_DISTANCE, SOFTBOX_SIZE = 1.6, (0.35, 0.5)
"""Metres from the head's origin, and half the softbox's width and height."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A pinhole view: intrinsics in pixels ((0, 0) a pixel's centre), OpenCV extrinsics."""

    intrinsics: Array
    rotation: Array
    translation: Array
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Lighting:
    """An environment (lat-long, linear) turned about the vertical, and an optional softbox.

    `softbox` is (azimuth, elevation in radians, radiance); azimuth 0 shines on the face's front.
    """

    environment: Array
    turn: float
    strength: float
    softbox: tuple[float, float, float] | None = None


def render(
    surfaces: list[Surface],
    view: View,
    lighting: Lighting,
    *,
    samples: int = 16,
    seed: int = 0,
) -> Array:
    """Return linear RGB (height, width, 3), two light bounces, denoised, not yet exposed."""
    return render_layers(surfaces, view, lighting, samples=samples, seed=seed).picture


@dataclass(frozen=True, kw_only=True)
class Layers:
    """A picture as `render` makes it, and the albedo and normals (zero where nothing is) in it."""

    picture: Array
    albedo: Array
    normals: Array


def render_layers(
    surfaces: list[Surface],
    view: View,
    lighting: Lighting,
    *,
    samples: int = 16,
    seed: int = 0,
) -> Layers:
    """Return a picture with what it shows of the surfaces.

    The environment variable AVATAR_MITSUBA_VARIANT may name `llvm_ad_rgb`, twice as fast where
    Dr.Jit finds LLVM 16 or later (older ones end the process).
    """
    import mitsuba as mi

    mi.set_variant(os.environ.get("AVATAR_MITSUBA_VARIANT", "scalar_rgb"))
    with tempfile.TemporaryDirectory() as folder:
        scene = mi.load_dict(_scene(mi, surfaces, view, lighting, Path(folder)))
        layers = np.array(mi.render(scene, spp=samples, seed=seed), dtype=np.float64)
    albedo, normals = layers[..., -6:-3], layers[..., -3:]
    picture = denoise(layers[..., :3], albedo=albedo, normals=normals)
    return Layers(picture=picture, albedo=albedo, normals=normals)


def photograph(linear: Array, *, key: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return 8-bit sRGB of a linear picture exposed by `key`, with a little sensor noise."""
    noisy = linear * key
    noisy = noisy + rng.normal(size=linear.shape) * np.sqrt(2e-5 + 1.5e-4 * noisy.clip(0))
    light = noisy.clip(0, 1)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (srgb * 255 + 0.5).astype(np.uint8)


def _scene(
    mi: Any, surfaces: list[Surface], view: View, lighting: Lighting, folder: Path
) -> dict[str, Any]:
    scene: dict[str, Any] = {
        "type": "scene",
        "integrator": {
            "type": "aov",
            "aovs": "albedo:albedo,normals:sh_normal",
            "image": {"type": "path", "max_depth": 3, "rr_depth": 8, "hide_emitters": False},
        },
        "sensor": sensor(mi, view),
        "environment": _environment(mi, lighting),
    }
    if lighting.softbox is not None:
        scene["softbox"] = _softbox(mi, *lighting.softbox)
    for surface in surfaces:
        path = folder / f"{surface.name}.ply"
        write_ply(surface, path)
        scene[surface.name] = {
            "type": "ply",
            "filename": str(path),
            "bsdf": _material(mi, surface),
        }
    return scene


def _material(mi: Any, surface: Surface) -> dict[str, Any]:
    material: dict[str, Any] = {
        "type": "principled",
        "base_color": texture(mi, surface.albedo),
        "roughness": surface.roughness,
        "specular": 0.4,
    }
    return {"type": "twosided", "bsdf": material}


def texture(mi: Any, values: Array) -> dict[str, Any]:
    bitmap = mi.Bitmap(np.ascontiguousarray(values, dtype=np.float32))
    return {"type": "bitmap", "bitmap": bitmap, "raw": True}


def _environment(mi: Any, lighting: Lighting) -> dict[str, Any]:
    turn = mi.ScalarTransform4f().rotate(axis=[0, 1, 0], angle=float(np.degrees(lighting.turn)))
    return {
        "type": "envmap",
        "bitmap": mi.Bitmap(np.ascontiguousarray(lighting.environment, dtype=np.float32)),
        "scale": lighting.strength,
        "to_world": turn,
    }


def _softbox(mi: Any, azimuth: float, elevation: float, radiance: float) -> dict[str, Any]:
    away = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ]
    )
    transform = mi.ScalarTransform4f()
    place = transform.look_at(
        origin=(SOFTBOX_DISTANCE * away).tolist(), target=[0, 0, 0], up=[0, 1, 0]
    ) @ transform.scale([*SOFTBOX_SIZE, 1.0])
    light = {"type": "area", "radiance": {"type": "rgb", "value": [radiance] * 3}}
    return {"type": "rectangle", "to_world": place, "emitter": light}


def sensor(mi: Any, view: View) -> dict[str, Any]:
    # Mitsuba's camera frame has +X left, +Y up, +Z forward; OpenCV's +X right, +Y down.
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3], camera_from_world[:3, 3] = view.rotation, view.translation
    world_from_camera = np.linalg.inv(camera_from_world) @ np.diag([-1.0, -1.0, 1.0, 1.0])
    focal = view.intrinsics[0, 0]
    centre = (view.intrinsics[:2, 2] + 0.5) / (view.width, view.height)
    return {
        "type": "perspective",
        "fov_axis": "x",
        "fov": float(np.degrees(2 * np.arctan(view.width / (2 * focal)))),
        "principal_point_offset_x": float(0.5 - centre[0]),
        "principal_point_offset_y": float(0.5 - centre[1]),
        "near_clip": 0.05,
        "far_clip": 20.0,
        "to_world": mi.ScalarTransform4f(world_from_camera),
        "film": {
            "type": "hdrfilm",
            "width": view.width,
            "height": view.height,
            "rfilter": {"type": "gaussian"},
        },
        "sampler": {"type": "independent"},
    }
