"""A fitted mesh laid over its photo, so that one sees how it lies."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.errors import OptionError
from avatar.render.options import RenderOptions
from avatar.render.render_clay import render_clay
from avatar.render.scene import Scene, prepare_scene
from avatar.render.tone import composite
from avatar.render.view import view_scene


@dataclass(frozen=True, kw_only=True)
class OverlayOptions:
    """How the mesh is laid over: `opacity` of the clay, `wire_opacity` of its edges (0: none).

    Colours are linear RGB; `wire_width` is in pixels.
    """

    opacity: float = 0.45
    color: tuple[float, float, float] = (0.20, 0.42, 0.60)
    wire_opacity: float = 0.22
    wire_color: tuple[float, float, float] = (0.9, 0.97, 1.0)
    wire_width: float = 0.8
    render: RenderOptions = field(default_factory=RenderOptions)


@torch.no_grad()
def render_overlay(
    photo: Float[Tensor, "height width 3"],
    camera: Camera,
    head: Avatar | Scene,
    options: OverlayOptions | None = None,
) -> Float[Tensor, "height width 3"]:
    """Return the photo (linear RGB) with the head's shaded mesh over it, half transparent.

    `head` is posed as the photo shows it; `camera` is the photo's.

    Raises:
        OptionError: the camera is of another picture size than the photo.
    """
    if photo.shape[:2] != (camera.height, camera.width):
        raise OptionError(
            f"photo: expected {camera.width} x {camera.height} pixels as the camera has, got "
            f"{photo.shape[1]} x {photo.shape[0]}; resize the camera with camera.resized()"
        )
    options = options or OverlayOptions()
    scene = head if isinstance(head, Scene) else prepare_scene(head)
    clay = render_clay(scene, camera, options.render, options.color)
    picture = composite(clay * options.opacity, photo)
    if options.wire_opacity == 0:
        return picture
    wire = edge_coverage(scene, camera, options.wire_width) * options.wire_opacity
    return picture + wire[..., None] * (picture.new_tensor(options.wire_color) - picture)


def edge_coverage(scene: Scene, camera: Camera, width: float) -> Float[Tensor, "height width"]:
    """Return how much of each pixel the visible edges of the opaque triangles cover.

    Lines are `width` pixels wide, and fade where the triangles get as small as the lines.
    """
    no_lamps = scene.vertices.new_ones(0, len(scene.vertices))
    view = view_scene(scene, scene.opaque, camera, no_lamps)
    fragments = view.rasterize(view.pixels.new_zeros(2))
    row, column = fragments.covered.nonzero().unbind(-1)
    corners = view.pixels[view.group.faces[fragments.triangles[row, column]]]
    centre = torch.stack([column, row], -1).to(corners)
    nearest = torch.full_like(corners[:, 0, 0], torch.inf)
    height = nearest.clone()
    for start, end, tip in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        a, along = corners[:, start], corners[:, end] - corners[:, start]
        length = along.norm(dim=-1).clamp_min(1e-6)
        nearest = torch.minimum(nearest, _distance(centre - a, along) / length)
        height = torch.minimum(height, _distance(corners[:, tip] - a, along) / length)
    line = (width / 2 + 0.5 - nearest).clamp(0, 1) * (height / (4 * width)).clamp(0, 1)
    coverage = corners.new_zeros(camera.height, camera.width)
    coverage[row, column] = line
    return coverage


def _distance(
    offset: Float[Tensor, "points 2"], along: Float[Tensor, "points 2"]
) -> Float[Tensor, " points"]:
    return (along[:, 0] * offset[:, 1] - along[:, 1] * offset[:, 0]).abs()
