"""The one picture that tells whether a reconstruction is any good."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.render.crop_photo import crop_photo
from avatar.render.expressions import PREVIEW_EXPRESSIONS, Expression
from avatar.render.frame_head import frame_head, head_vertices
from avatar.render.light import Light
from avatar.render.options import RenderOptions
from avatar.render.render_clay import render_clay
from avatar.render.render_head import render_head
from avatar.render.render_overlay import OverlayOptions, render_overlay
from avatar.render.scene import Scene, prepare_scene
from avatar.render.tile import Picture, TileOptions, stack, tile
from avatar.render.tone import backdrop, composite, faded_below, to_bytes

_TURNTABLE: tuple[tuple[str, float], ...] = (
    ("left profile", -90.0),
    ("left three-quarter", -40.0),
    ("front", 0.0),
    ("right three-quarter", 40.0),
    ("right profile", 90.0),
    ("back", 180.0),
)
"""Which side of the subject the camera sees, and how far the head turns for it, degrees."""

_BUST_ENDS = 0.78
"""Share of a picture's height below which the bust fades out: its lower edge is a mere cut."""


@dataclass(frozen=True, kw_only=True)
class PhotoView:
    """A photo (linear RGB) with the head as it shows it.

    `camera` is the photo's, in the head frame; `vertices` are posed, expression and gaze
    included; `light` is the photo's own where the fit knows it.
    """

    pixels: Float[Tensor, "height width 3"]
    camera: Camera
    vertices: Float[Tensor, "verts 3"]
    light: Light | None = None


@dataclass(frozen=True, kw_only=True)
class SheetOptions:
    """What a preview sheet shows: at most `photos` photos, `width` pixels between the margins.

    `render` sets the quality of all its pictures.
    """

    width: int = 1548
    photos: int = 3
    expressions: tuple[Expression, ...] = PREVIEW_EXPRESSIONS
    render: RenderOptions = field(default_factory=RenderOptions)
    tile: TileOptions = field(default_factory=TileOptions)


@torch.no_grad()
def preview_sheet(
    avatar: Avatar, photos: tuple[PhotoView, ...] = (), options: SheetOptions | None = None
) -> Picture:
    """Return a sheet (sRGB bytes): photos with the fit over them, turntable, expressions.

    A photo is followed by the fitted mesh over it and by the head from the same camera in the
    photo's light; the first (of two: both) are larger and show the bare shape too.
    """
    options = options or SheetOptions()
    scene = prepare_scene(avatar)
    rows: list[Picture] = []
    shown = photos[: options.photos]
    large = 2 if len(shown) == 2 else 1
    rows += [_photo_row([photo], scene, options) for photo in shown[:large]]
    rows += [
        _photo_row(shown[first : first + 2], scene, options)
        for first in range(large, len(shown), 2)
    ]
    rows.append(_turntable(avatar, scene, options))
    rows.append(_expressions(avatar, scene, options))
    return stack(rows, options.tile)


def _cell(options: SheetOptions, columns: int) -> int:
    return (options.width + options.tile.gap) // columns - options.tile.gap


def _photo_row(photos: Sequence[PhotoView], scene: Scene, options: SheetOptions) -> Picture:
    """Return a row with one photo and its four pictures, or two with three each."""
    columns = 4 if len(photos) == 1 else 6
    size = _cell(options, columns)
    pictures: list[Picture] = []
    for photo in photos:
        posed = scene.moved(photo.vertices)
        head = head_vertices(photo.vertices)
        pixels, camera = crop_photo(photo.pixels, photo.camera, head, size)
        ground = backdrop(size, size, pixels)
        overlay = render_overlay(pixels, camera, posed, OverlayOptions(render=options.render))
        in_its_light = replace(options.render, light=photo.light or options.render.light)
        alone = faded_below(render_head(posed, camera, in_its_light), _BUST_ENDS)
        same = composite(alone, ground)
        pictures += [to_bytes(pixels), to_bytes(overlay), to_bytes(same)]
        if columns == 4:
            shape = faded_below(render_clay(posed, camera, options.render), _BUST_ENDS)
            pictures.append(to_bytes(composite(shape, ground)))
    labels = ["photo", "fitted mesh", "head, same camera", "shape"][: columns // len(photos)]
    return tile(pictures, columns, labels * len(photos), options.tile)


def _turntable(avatar: Avatar, scene: Scene, options: SheetOptions) -> Picture:
    width = _cell(options, len(_TURNTABLE))
    size = (width, round(width * 1.2))
    cameras = [
        frame_head(avatar.mesh, yaw=math.radians(degrees), size=size) for _, degrees in _TURNTABLE
    ]
    pictures = [_portrait(scene, camera, options, fade=True) for camera in cameras]
    return tile(pictures, len(_TURNTABLE), [label for label, _ in _TURNTABLE], options.tile)


def _expressions(avatar: Avatar, scene: Scene, options: SheetOptions) -> Picture:
    columns = len(options.expressions)
    width = _cell(options, columns)
    camera = frame_head(avatar.mesh, size=(width, round(width * 1.25)), zoom=1.3)
    pictures: list[Picture] = []
    for expression in options.expressions:
        posed = avatar.pose(expression.coefficients(scene.vertices))
        pictures.append(_portrait(scene.moved(posed), camera, options))
    labels = [expression.label for expression in options.expressions]
    return tile(pictures, columns, labels, options.tile)


def _portrait(
    scene: Scene, camera: Camera, options: SheetOptions, *, fade: bool = False
) -> Picture:
    image = render_head(scene, camera, options.render)
    if fade:
        image = faded_below(image, _BUST_ENDS)
    return to_bytes(composite(image, backdrop(camera.height, camera.width, image)))
