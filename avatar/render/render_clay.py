"""Geometry without texture: the head in matte clay."""

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.material import Material
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import Scene, Surface, prepare_scene

CLAY = (0.46, 0.44, 0.42)
"""Linear RGB of the clay."""


def render_clay(
    head: Avatar | Scene,
    camera: Camera,
    options: RenderOptions | None = None,
    color: tuple[float, float, float] = CLAY,
) -> Float[Tensor, "height width 4"]:
    """Return a picture of the head's opaque parts in one matte colour (linear RGB).

    Linear RGBA, premultiplied, as of `render_head`.
    """
    scene = head if isinstance(head, Scene) else prepare_scene(head)
    return render_head(clay_scene(scene, color), camera, options)


def clay_scene(scene: Scene, color: tuple[float, float, float] = CLAY) -> Scene:
    """Return the scene with every opaque surface of one colour and no see-through layers."""
    clay = Surface(
        material=Material(name="clay", base_color=(*color, 1.0), roughness=0.55),
        color=None,
        roughness=None,
        normal=None,
    )
    surfaces = (clay,) * len(scene.surfaces)
    return replace(scene, surfaces=surfaces, layers=(), vertex_colors=None)
