"""The head path-traced by Mitsuba 3 from the maps of its materials.

Two pictures make one. One shows a Lambertian base, bouncing light as often as it likes. The other
shows GGX facets of a dielectric alone (Mitsuba's `principled` on black), two lobes of them on skin.
The base gets what the facets leave it as seen by the camera: no light is made or lost, as in glTF's
model. Nothing scatters under the surface, and facets do not see other skin lit.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.material import Material
from avatar.core.mesh import MeshPart, vertex_normals
from tests.benchmarks.geometry.denoise import denoise
from tests.benchmarks.geometry.render import View, sensor, texture
from tests.benchmarks.geometry.surface import Surface, write_ply
from tests.benchmarks.turntable.facets import mirrored_share

Array = NDArray[np.float64]
Lobes = tuple[tuple[float, float], ...]

LOBES: Lobes = ((0.9, 0.85), (1.5666667, 0.15))
"""Roughness of a skin's lobes as multiples of the map's, and their shares."""

_DEPTH = 5


def path_trace(
    head: Avatar,
    camera: Camera,
    panorama: NDArray[np.float32],
    *,
    samples: int,
    lobes: Lobes = LOBES,
) -> Array:
    """Return linear RGB (height, width, 3) of the head's opaque parts, denoised."""
    base, albedo, normals = _render(head, camera, panorama, samples, _base)
    facets, _, _ = _render(head, camera, panorama, samples, lambda m: _facets(m, lobes))
    matte = denoise(base, albedo=albedo, normals=normals, radius=2)
    gloss = denoise(facets, albedo=0 * albedo, normals=normals, radius=2)
    left = 1 - _taken(normals, camera, lobes)
    return matte * left + gloss


def _taken(normals: Array, camera: Camera, lobes: Lobes) -> Array:
    """Return the share of light (height, width, 1) that skin's facets keep from the base."""
    column, row = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    k = camera.intrinsics.double().numpy()
    rays = np.stack(
        [(column - k[0, 2]) / k[0, 0], (row - k[1, 2]) / k[1, 1], np.ones(row.shape)], -1
    )
    rays = rays @ camera.camera_from_world.rotation.double().numpy()
    cosine = -(normals * rays).sum(-1) / np.linalg.norm(rays, axis=-1)
    known = np.linspace(0.01, 1, 40)
    # What facets mirror in all hardly depends on how rough they are.
    share = sum(weight * mirrored_share(known, min(0.5 * scale, 1), 1.5) for scale, weight in lobes)
    return np.interp(cosine, known, share)[..., None]


def _render(
    head: Avatar,
    camera: Camera,
    panorama: NDArray[np.float32],
    samples: int,
    bsdf_of: Callable[[Material], dict[str, Any]],
) -> tuple[Array, Array, Array]:
    """Return a noisy picture, and the albedo and normals in it."""
    import mitsuba as mi

    mi.set_variant("scalar_rgb")
    scene: dict[str, Any] = {
        "type": "scene",
        "integrator": {
            "type": "aov",
            "aovs": "albedo:albedo,normals:sh_normal",
            "image": {"type": "path", "max_depth": _DEPTH, "hide_emitters": True},
        },
        "sensor": sensor(mi, _view(camera)),
        "environment": {
            "type": "envmap",
            "bitmap": mi.Bitmap(np.ascontiguousarray(panorama, dtype=np.float32)),
        },
    }
    scene["sensor"]["film"]["rfilter"] = {"type": "box"}
    normals = vertex_normals(head.mesh.vertices, head.mesh.faces)
    with tempfile.TemporaryDirectory() as folder:
        for part in head.mesh.parts:
            material = head.material(part.material)
            if material.alpha_mode == "opaque":
                path = Path(folder) / f"{part.name}.ply"
                _write(head, part, normals, path)
                bsdf = _bumpy(material, bsdf_of(material))
                scene[part.name] = {"type": "ply", "filename": str(path), "bsdf": bsdf}
        layers = np.array(mi.render(mi.load_dict(scene), spp=samples, seed=0), dtype=np.float64)
    return layers[..., :3], layers[..., -6:-3], layers[..., -3:]


def _write(head: Avatar, part: MeshPart, normals: torch.Tensor, path: Path) -> None:
    pairs = torch.stack([part.faces, part.uv_faces], -1).reshape(-1, 2)
    rows, places = pairs.unique(dim=0, return_inverse=True)
    surface = Surface(
        name=part.name,
        vertices=head.mesh.vertices[rows[:, 0]].double().numpy(),
        normals=normals[rows[:, 0]].double().numpy(),
        uvs=head.mesh.uvs[rows[:, 1]].double().numpy(),
        faces=places.view(-1, 3).numpy(),
        albedo=np.zeros((1, 1, 3)),
    )
    write_ply(surface, path)


def _base(material: Material) -> dict[str, Any]:
    import mitsuba as mi

    color = torch.tensor(material.base_color[:3])
    albedo = color.expand(1, 1, 3)
    if material.base_color_map is not None:
        albedo = material.base_color_map[..., :3] * color
    return {"type": "diffuse", "reflectance": texture(mi, albedo.double().numpy())}


def _facets(material: Material, lobes: Lobes) -> dict[str, Any]:
    import mitsuba as mi

    rough = torch.tensor([[material.roughness]])
    if material.roughness_map is not None:
        rough = material.roughness_map * material.roughness

    def lobe(scale: float) -> dict[str, Any]:
        pixels = (scale * rough[..., None]).clamp(0.03, 1).double().numpy()
        return {
            "type": "principled",
            "base_color": {"type": "rgb", "value": 0.0},
            "roughness": texture(mi, pixels),
            "eta": material.ior,
        }

    if material.name != "skin" or len(lobes) == 1:
        return lobe(1.0)
    (first, _), (second, share) = lobes
    return {
        "type": "blendbsdf",
        "weight": share,
        "first": lobe(first),
        "second": lobe(second),
    }


def _bumpy(material: Material, bsdf: dict[str, Any]) -> dict[str, Any]:
    import mitsuba as mi

    if material.normal_map is not None:
        bumps = material.normal_map.clone()
        bumps[..., 1] = 1 - bumps[..., 1]  # here v grows down the texture
        bsdf = {"type": "normalmap", "normalmap": texture(mi, bumps.double().numpy()), "bsdf": bsdf}
    return {"type": "twosided", "bsdf": bsdf}


def _view(camera: Camera) -> View:
    return View(
        intrinsics=camera.intrinsics.double().numpy(),
        rotation=camera.camera_from_world.rotation.double().numpy(),
        translation=camera.camera_from_world.translation.double().numpy(),
        width=camera.width,
        height=camera.height,
    )
