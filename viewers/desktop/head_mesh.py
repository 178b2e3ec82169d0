"""A head's mesh on the graphics card: drawn surface by surface, see-through layers last."""

import math
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
import torch
from jaxtyping import Int

from avatar.core.camera import Camera
from avatar.core.material import Material
from avatar.render.light import Light
from avatar.render.options import RenderOptions
from avatar.render.scene import FaceSet, Scene
from viewers.desktop.poser import PosedHead
from viewers.desktop.projection import clip_from_world
from viewers.desktop.shader import assign, program
from viewers.desktop.shadows import MOST_LAMPS, Reached
from viewers.desktop.surface_maps import (
    COLOR_MAP,
    NORMAL_MAP,
    OCCLUSION_MAP,
    ROUGHNESS_MAP,
    SPECULAR_MAP,
    SurfaceMaps,
)
from viewers.desktop.surroundings import Surroundings
from viewers.stage.looks import Look

_LOOKS: dict[Look, int] = {
    "shaded": 0,
    "albedo": 1,
    "normals": 2,
    "clay": 3,
    "wireframe": 4,
    "uv": 5,
}
_FILM_DEPTH, _REFLECTIONS = 3, 6
"""The texture units that tell where clear films are, and what surfaces mirror."""

_Constants = tuple[tuple[str, int | bool], ...]

_COLUMNS = "3f 3f 3f 3f 1f 4f 2f"
_NAMES = (
    *("in_position", "in_normal", "in_along_u", "in_along_v"),
    *("in_openness", "in_first_shares", "in_last_shares"),
)
_FLOATS = 19


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """The triangles of one surface."""

    material: Material
    maps: SurfaceMaps
    triangles: moderngl.Buffer
    layer: bool
    film: bool


class HeadMesh:
    """One head; `update` takes what changes with the pose, `draw` puts it into a framebuffer."""

    def __init__(self, context: moderngl.Context, scene: Scene) -> None:
        self._context = context
        self._programs: dict[_Constants, moderngl.Program] = {}
        self._arrays: dict[tuple[_Constants, int], moderngl.VertexArray] = {}
        self._options = RenderOptions()
        groups = (scene.opaque, *scene.layers)
        pairs = torch.cat([torch.stack([g.faces, g.uv_faces], -1) for g in groups])
        corners, rows = pairs.reshape(-1, 2).unique(dim=0, return_inverse=True)
        self._vertex, self._corner = corners[:, 0].numpy(), corners[:, 1].numpy()
        self._rows = np.zeros((len(corners), _FLOATS), np.float32)
        self._buffer = context.buffer(reserve=self._rows.nbytes, dynamic=True)
        still = torch.cat([scene.uvs[corners[:, 1]], scene.curvature[corners[:, :1]]], -1)
        self._still = context.buffer(still.numpy().astype(np.float32).tobytes())
        self._surroundings = Surroundings(context)
        triangles = rows.view(-1, 3).numpy()
        self._films = context.depth_texture((1, 1))
        self._films_target = context.framebuffer(depth_attachment=self._films)
        self._batches: list[_Batch] = []
        first = 0
        for group in groups:
            own = triangles[first : first + len(group.faces)]
            first += len(group.faces)
            self._add(scene, group, own)

    def _add(self, scene: Scene, group: FaceSet, triangles: Int[np.ndarray, "faces 3"]) -> None:
        for number in group.surfaces.unique().tolist():
            material = scene.surfaces[number].material
            chosen = triangles[(group.surfaces == number).numpy()].astype(np.uint32)
            layer = group is not scene.opaque
            self._batches.append(
                _Batch(
                    material=material,
                    maps=SurfaceMaps(self._context, material),
                    triangles=self._context.buffer(chosen.tobytes()),
                    layer=layer,
                    film=layer and material.name in self._options.clear,
                )
            )

    def _program(self, constants: _Constants) -> moderngl.Program:
        """Return the program made for a kind of surface, `()` that for its edges."""
        if constants not in self._programs:
            fragment = "head.frag" if constants else "line.frag"
            self._programs[constants] = program(self._context, "head.vert", fragment, constants)
        return self._programs[constants]

    def _array(self, constants: _Constants, triangles: moderngl.Buffer) -> moderngl.VertexArray:
        key = constants, triangles.glo
        if key not in self._arrays:
            owner = self._program(constants)
            used = [name for name in _NAMES if name in owner]
            layout = " ".join(
                part if name in owner else f"{4 * int(part[0])}x"
                for name, part in zip(_NAMES, _COLUMNS.split(), strict=True)
            )
            content: list[Any] = [(self._buffer, layout, *used)]
            kept = [name for name in ("in_uv", "in_curvature") if name in owner]
            if kept:
                parts = zip(("in_uv", "in_curvature"), ("2f", "1f"), strict=True)
                layout = " ".join(
                    part if name in kept else f"{4 * int(part[0])}x" for name, part in parts
                )
                content.append((self._still, layout, *kept))
            self._arrays[key] = self._context.vertex_array(owner, content, triangles)
        return self._arrays[key]

    def update(self, posed: PosedHead, reached: Reached) -> None:
        """Take a pose, and the light that reaches it."""
        rows = self._rows
        rows[:, 0:3] = posed.vertices[self._vertex]
        rows[:, 3:6] = posed.normals[self._vertex]
        rows[:, 6:9] = posed.along_u[self._corner]
        rows[:, 9:12] = posed.along_v[self._corner]
        rows[:, 12] = reached.openness[self._vertex]
        rows[:, 13:19] = reached.shares[self._vertex]
        self._buffer.orphan()
        self._buffer.write(rows)

    def draw(self, camera: Camera, light: Light, look: Look, target: moderngl.Framebuffer) -> None:
        """Draw into a framebuffer, which was cleared: linear RGBA, premultiplied."""
        context = self._context
        shown = [batch for batch in self._batches if _is_shown(batch, look)]
        self._surroundings.use(light.reflections, _REFLECTIONS)
        view = _view_values(camera) | light_values(light) | {"detail": self._options.detail}
        for constants in {(), *(self._constants(batch, look) for batch in shown)}:
            assign(self._program(constants), view)
        context.enable_only(moderngl.DEPTH_TEST)
        self._film_depths(camera, [batch for batch in shown if batch.film])
        target.use()
        for batch in (b for b in shown if not b.layer):
            self._draw(batch, look)
        context.enable(moderngl.BLEND)
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        for batch in (b for b in shown if b.layer):
            target.depth_mask = batch.material.alpha_mode == "mask"
            self._draw(batch, look)
        target.depth_mask = True
        if look == "wireframe":
            self._draw_lines(shown)
        context.enable_only(moderngl.NOTHING)

    def _film_depths(self, camera: Camera, films: list[_Batch]) -> None:
        """Note where clear films are: what lies under them has no gloss of its own."""
        size = camera.width, camera.height
        if self._films.size != size:
            self._films.release()
            self._films_target.release()
            self._films = self._context.depth_texture(size)
            self._films_target = self._context.framebuffer(depth_attachment=self._films)
        self._films_target.clear(depth=1.0)
        self._films_target.use()
        self._context.enable(moderngl.CULL_FACE)
        for batch in films:
            self._array((), batch.triangles).render()
        self._films.use(_FILM_DEPTH)

    def release(self) -> None:
        """Give the memory back."""
        for batch in self._batches:
            batch.maps.release()
            batch.triangles.release()
        for thing in (*self._arrays.values(), *self._programs.values()):
            thing.release()
        for buffer in (self._films_target, self._films, self._buffer, self._still):
            buffer.release()
        self._surroundings.release()

    def _constants(self, batch: _Batch, look: Look) -> _Constants:
        material, maps = batch.material, batch.maps
        return (
            ("LOOK", _LOOKS[look]),
            ("SEE_THROUGH", batch.layer),
            ("IS_FILM", batch.film),
            ("BLEEDS", material.name in self._options.scattering),
            ("HAS_COLOR_MAP", maps.color is not None),
            ("HAS_ROUGHNESS_MAP", maps.roughness is not None),
            ("HAS_NORMAL_MAP", maps.normal is not None),
            ("HAS_SPECULAR_MAP", maps.specular is not None),
            ("HAS_OCCLUSION_MAP", maps.occlusion is not None),
            ("HAS_COAT", material.clearcoat > 0),
        )

    def _draw(self, batch: _Batch, look: Look) -> None:
        constants = self._constants(batch, look)
        material = batch.material
        assign(
            self._program(constants),
            {
                "base_color": material.base_color,
                "base_roughness": material.roughness,
                "metallic": material.metallic,
                "specular": material.specular,
                "ior": material.ior,
                "clearcoat": material.clearcoat,
                "clearcoat_roughness": material.clearcoat_roughness,
            },
        )
        batch.maps.use()
        if material.double_sided:
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)
        self._array(constants, batch.triangles).render()

    def _draw_lines(self, shown: list[_Batch]) -> None:
        self._context.wireframe = True
        self._context.polygon_offset = -1.0, -1.0
        for batch in shown:
            self._array((), batch.triangles).render()
        self._context.polygon_offset = 0.0, 0.0
        self._context.wireframe = False


def _view_values(camera: Camera) -> dict[str, Any]:
    rotation = camera.camera_from_world.rotation.T.contiguous().numpy()
    return {
        "clip_from_world": clip_from_world(camera).T.tobytes(),
        "eye_in_world": tuple(camera.position_in_world.tolist()),
        "camera_from_world": rotation.astype(np.float32).tobytes(),
        "color_map": COLOR_MAP,
        "roughness_map": ROUGHNESS_MAP,
        "normal_map": NORMAL_MAP,
        "specular_map": SPECULAR_MAP,
        "occlusion_map": OCCLUSION_MAP,
        "reflections": _REFLECTIONS,
        "film_depth": _FILM_DEPTH,
    }


def light_values(light: Light) -> dict[str, Any]:
    """Return the uniforms of a light; lamps beyond `MOST_LAMPS`, the faintest, are left out."""
    lamps = light.lamps[:MOST_LAMPS]
    missing = MOST_LAMPS - len(lamps)
    directions = [tuple(lamp.direction.tolist()) for lamp in lamps]
    return {
        "environment": light.environment.float().contiguous().numpy().tobytes(),
        "sheen": light.sheen,
        "mirrored": light.mirrored,
        "has_reflections": light.reflections is not None,
        "panorama_from_world": _turn_of(light),
        "lamp_count": len(lamps),
        "lamp_direction": directions + [(0.0, 0.0, 1.0)] * missing,
        "lamp_color": [lamp.color for lamp in lamps] + [(0.0, 0.0, 0.0)] * missing,
        "lamp_disc": [_disc(lamp.radius) for lamp in lamps] + [_disc(0.1)] * missing,
        "lamp_glint": [lamp.glint for lamp in lamps] + [False] * missing,
    }


def _turn_of(light: Light) -> bytes:
    turn = torch.eye(3)
    if light.reflections is not None:
        turn = light.reflections.panorama_from_world
    return turn.T.float().contiguous().numpy().tobytes()


def _disc(radius: float) -> tuple[float, float, float, float]:
    tangent = math.tan(radius)
    return math.cos(radius), math.sin(radius), 1 / tangent, tangent / 2


def _is_shown(batch: _Batch, look: Look) -> bool:
    """Leave out what would only hide the property that is to be seen."""
    if look == "albedo":
        return batch.material.name != "cornea"
    return look == "shaded" or not batch.layer
