"""Where a scan's iBUG points lie: detected in clean pictures of it, cast onto its surface."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.capture.observe import ObserveOptions, observe
from avatar.capture.photo_from_array import photo_from_array
from avatar.ops.interpolate import interpolate
from avatar.ops.rasterize_mesh import rasterize_mesh
from tests.benchmarks.geometry.now_metric import INNER, similarity
from tests.benchmarks.geometry.render import Lighting, View, photograph, render
from tests.benchmarks.geometry.scan_head import Scan
from tests.benchmarks.geometry.surface import Surface

Array = NDArray[np.float64]

# The dense point closest to each of the iBUG 68: jaw; brows and nose; eyes; lips.
# fmt: off
DENSE_OF_68 = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)
# fmt: on


@dataclass(frozen=True, kw_only=True)
class PlacedScan:
    """A scan in metres in the head frame, and its 68 points."""

    surface: Surface
    landmarks: Array


def place_scan(scan: Scan, mean_landmarks: Array) -> PlacedScan:
    """Scale and move a scan so that its inner landmarks lie like those of an average head."""
    rough = scan.surface(0.05, scan.vertices.mean(0))
    landmarks = np.mean([_landmarks(rough, np.radians(yaw)) for yaw in (-12, 0, 12)], axis=0)
    fit = similarity(landmarks[INNER], mean_landmarks[INNER])
    # Turned upright too: the scan's face looks a little off the +Z axis.
    turned = (rough.vertices * fit.scale) @ fit.rotation.T + fit.translation
    surface = Surface(
        name="scan",
        vertices=turned,
        normals=rough.normals @ fit.rotation.T,
        uvs=rough.uvs,
        faces=rough.faces,
        albedo=rough.albedo,
        roughness=rough.roughness,
    )
    return PlacedScan(surface=surface, landmarks=fit.apply(landmarks))


def _landmarks(surface: Surface, yaw: float) -> Array:
    """Return the surface points (68, 3) under the landmarks detected from one side."""
    view = _portrait(surface, yaw)
    light = Lighting(environment=np.ones((8, 16, 3)), turn=0.0, strength=0.6, softbox=(0.3, 0.4, 5))
    picture = photograph(
        render([surface], view, light, samples=32), key=1.2, rng=np.random.default_rng(0)
    )
    observation = observe(photo_from_array(picture), ObserveOptions(matte=False))
    pixels = observation.landmarks[torch.tensor(DENSE_OF_68)].numpy().round().astype(int)
    in_camera = surface.vertices @ view.rotation.T + view.translation
    image = in_camera @ view.intrinsics.T
    fragments = rasterize_mesh(
        torch.from_numpy(image[:, :2] / image[:, 2:]).float(),
        torch.from_numpy(image[:, 2].copy()).float(),
        torch.from_numpy(surface.faces),
        view.height,
        view.width,
    )
    vertices = torch.from_numpy(surface.vertices).float()
    positions = interpolate(fragments, torch.from_numpy(surface.faces), vertices).numpy()
    return positions[pixels[:, 1], pixels[:, 0]].astype(np.float64)


def _portrait(surface: Surface, yaw: float) -> View:
    size, distance = 720, 1.2
    top = surface.vertices[:, 1].max()
    target = np.array([0.0, top - 0.12, 0.0])
    forward = -np.array([np.sin(yaw), 0.0, np.cos(yaw)])
    right = np.cross(forward, [0.0, 1.0, 0.0])
    rotation = np.stack([right, np.cross(forward, right), forward])
    focal = distance * size / 0.4
    centre = (size - 1) / 2
    return View(
        intrinsics=np.array([[focal, 0, centre], [0, focal, centre], [0, 0, 1.0]]),
        rotation=rotation,
        translation=rotation @ -(target - forward * distance),
        width=size,
        height=size,
    )
