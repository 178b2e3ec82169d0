"""The real scan with its pores and wrinkles, photographed in two lights.

Its normal map is carried by the shading normals of a mesh subdivided to half a millimetre, so that
the renderer's own record of normals is the truth, detail included.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.benchmarks.geometry.ict_heads import METRES_PER_CENTIMETRE, load_ict_heads
from tests.benchmarks.geometry.render import Lighting, View, photograph, render_layers
from tests.benchmarks.geometry.scan_head import load_scan
from tests.benchmarks.geometry.scan_landmarks import place_scan
from tests.benchmarks.geometry.surface import Surface
from tests.benchmarks.maps.people import balanced_environments, mirrored

Array = NDArray[np.float64]

SIZE, SHOWN, DISTANCE = (900, 1100), 0.27, 0.9
"""Pixels, metres across the picture at the face (0.3 mm a pixel), metres to the camera."""

_SAMPLES, _HALVINGS = 16, 3
_RELIEF = 0.85
"""How strongly the scan's own renderer shows its normal map."""


@dataclass(frozen=True, kw_only=True)
class ScanShots:
    """Two photos of the scan, 8-bit sRGB, the albedo, and the normals (camera frame) with detail.

    `plain` are the normals of the scan's mesh alone. `placed` are its vertices, metres.
    """

    photos: NDArray[np.uint8]
    albedo: NDArray[np.float32]
    normals: NDArray[np.float32]
    plain: NDArray[np.float32]
    placed: NDArray[np.float32]
    landmarks: NDArray[np.float32]


def scan_shots(inputs: Path, folder: Path) -> ScanShots:
    """Return the scan's pictures, made once and kept in `folder`."""
    kept = folder / "detailed_scan.npz"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(kept, **vars(_made(inputs)))
    with np.load(kept) as arrays:
        return ScanShots(**{name: arrays[name] for name in arrays.files})


def _made(inputs: Path) -> ScanShots:
    heads = load_ict_heads(inputs / "models" / "ict_facekit.tar.xz")
    mean = (heads.source.neutral - heads.origin(heads.source.neutral)) * METRES_PER_CENTIMETRE
    scan = load_scan(inputs / "scans")
    placed = place_scan(scan, mean[heads.source.landmarks68])
    relief = np.asarray(Image.open(inputs / "scans" / "normal.jpg").convert("RGB")) / 127.5 - 1
    fine = _subdivided(placed.surface)
    detailed = replace(fine, normals=_with_relief(fine, relief))
    view = _view()
    lighting = Lighting(
        environment=balanced_environments(inputs)[0],
        turn=1.0,
        strength=0.4,
        softbox=(0.75, 0.45, 9.0),
    )
    rng = np.random.default_rng(17)
    shots = [
        render_layers([detailed], view, light, samples=_SAMPLES, seed=number)
        for number, light in enumerate((lighting, mirrored(lighting)))
    ]
    plain = render_layers([fine], view, lighting, samples=4).normals
    covered = np.linalg.norm(shots[0].normals, axis=-1) > 0.5
    photos = [
        photograph(shot.picture, key=0.33 / np.median(shot.picture[covered].mean(-1)), rng=rng)
        for shot in shots
    ]
    return ScanShots(
        photos=np.stack(photos),
        albedo=shots[0].albedo.astype(np.float32),
        normals=(shots[0].normals @ view.rotation.T).astype(np.float32),
        plain=(plain @ view.rotation.T).astype(np.float32),
        placed=placed.surface.vertices.astype(np.float32),
        landmarks=placed.landmarks.astype(np.float32),
    )


def _subdivided(surface: Surface) -> Surface:
    """Return the surface with every triangle split in four, several times over."""
    values = np.hstack([surface.vertices, surface.normals, surface.uvs])
    faces = surface.faces
    for _ in range(_HALVINGS):
        edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
        unique, inverse = np.unique(edges, axis=0, return_inverse=True)
        middle = len(values) + inverse.reshape(3, -1)
        values = np.concatenate([values, values[unique].mean(1)])
        a, b, c = faces.T
        ab, bc, ca = middle
        quarters = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        faces = np.concatenate([np.stack(quarter, 1) for quarter in quarters])
    normals = values[:, 3:6] / np.linalg.norm(values[:, 3:6], axis=1, keepdims=True).clip(1e-9)
    return replace(surface, vertices=values[:, :3], normals=normals, uvs=values[:, 6:], faces=faces)


def _with_relief(surface: Surface, relief: Array) -> Array:
    """Return the vertex normals bent by a tangent-space normal map (+Y along falling v)."""
    corners, uvs = surface.vertices[surface.faces], surface.uvs[surface.faces]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    (u1, v1), (u2, v2) = (uvs[:, 1] - uvs[:, 0]).T, (uvs[:, 2] - uvs[:, 0]).T
    sign = np.sign(u1 * v2 - u2 * v1)[:, None]
    along_u = (first * v2[:, None] - second * v1[:, None]) * sign
    along_v = (second * u1[:, None] - first * u2[:, None]) * sign
    frames = np.zeros((2, *surface.vertices.shape))
    for corner in range(3):
        np.add.at(frames[0], surface.faces[:, corner], along_u)
        np.add.at(frames[1], surface.faces[:, corner], -along_v)
    tangent, up = (_across(frame, surface.normals) for frame in frames)
    height, width = relief.shape[:2]
    column = np.clip((surface.uvs[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip((surface.uvs[:, 1] * height).astype(int), 0, height - 1)
    bent = relief[row, column] * (_RELIEF, _RELIEF, 1.0)
    normals = bent[:, :1] * tangent + bent[:, 1:2] * up + bent[:, 2:] * surface.normals
    return normals / np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-9)


def _across(vectors: Array, normals: Array) -> Array:
    flat = vectors - (vectors * normals).sum(1, keepdims=True) * normals
    return flat / np.linalg.norm(flat, axis=1, keepdims=True).clip(1e-12)


def _view() -> View:
    width, height = SIZE
    focal = width * DISTANCE / SHOWN
    # Down is -Y, forward -Z, from a place before the face.
    rotation = np.diag([1.0, -1.0, -1.0])
    place = np.array([0.0, -0.03, DISTANCE])
    return View(
        intrinsics=np.array(
            [[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]]
        ),
        rotation=rotation,
        translation=-rotation @ place,
        width=width,
        height=height,
    )
