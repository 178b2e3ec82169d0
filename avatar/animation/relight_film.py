"""A head in a light, turned once: what shows best whether a face is lit as faces are."""

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.animation.film import Frame
from avatar.animation.relight_options import RelightOptions
from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.transform import rotation_about_vertical
from avatar.render.frame_head import frame_head
from avatar.render.light import Light
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import prepare_scene
from avatar.render.tone import backdrop, composite, faded_below, to_bytes, tone_map

ZOOM = 1.15
_BLURRED_ROWS = 48
_BEHIND = 0.3
"""Mean brightness of a panorama behind a head: it must not outshine the face."""
_FADE = 0.86
_BRIGHT, _DARKEST = 0.3, 0.1
"""Even light from which on a grey wall is as bright as in stills, and how bright it is in none."""


def relight_frames(
    head: Avatar,
    light: Light,
    options: RelightOptions,
    panorama: Float[Tensor, "height width 3"] | None = None,
) -> Iterator[Frame]:
    """Give the pictures of a head in a light, sRGB, while something goes round once.

    `light` and `panorama` stand in the head frame, `panorama` as `avatar.render.panorama_light`
    reads it and turned by `options.light.light_rotation`; without one the wall is grey.
    """
    scene = prepare_scene(head)
    count = max(round(options.seconds * options.fps), 1)
    wall = None if panorama is None or options.behind == "grey" else _blurred(panorama)
    asked = math.radians(options.light.light_rotation)
    shown = min(max(float(light.environment[0].mean()) / _BRIGHT, _DARKEST), 1.0)
    for number in range(count):
        around = 2 * math.pi * number / count
        yaw = 0.0 if options.turning == "light" else around
        camera = frame_head(head.mesh, yaw, size=(options.size, options.size), zoom=ZOOM)
        # A head that turns to its left sees the light and the camera go to its right.
        spun = {"light": around, "head": -around, "camera": 0.0}[options.turning]
        lit = light.turned(rotation_about_vertical(spun))
        render = RenderOptions(light=lit, samples=4)
        with torch.no_grad():
            front = faded_below(render_head(scene, camera, render), _FADE)
            if wall is None:
                behind = shown * backdrop(options.size, options.size, head.mesh.vertices)
            else:
                behind = _seen(wall, camera, spun + asked)
        yield to_bytes(composite(front, behind)).numpy()


def _blurred(panorama: Float[Tensor, "height width 3"]) -> Float[Tensor, "rows columns 3"]:
    """Return a panorama out of focus, of a brightness to stand behind a head."""
    channels = panorama.clamp_min(0).permute(2, 0, 1)[None]
    size = (_BLURRED_ROWS, 2 * _BLURRED_ROWS)
    small = functional.interpolate(channels, size, mode="area")[0].permute(1, 2, 0)
    # Lamps stay lamps, but not a thousand times as bright as walls.
    mean = small.mean().clamp_min(1e-9)
    soft = mean * (small / mean).log1p()
    return soft * (_BEHIND / soft.mean().clamp_min(1e-9))


def _seen(
    wall: Float[Tensor, "rows columns 3"], camera: Camera, turn: float
) -> Float[Tensor, "height width 3"]:
    """Return what the camera sees of a panorama that was turned about the vertical."""
    rows, columns = torch.meshgrid(
        torch.arange(camera.height), torch.arange(camera.width), indexing="ij"
    )
    pixels = torch.stack([columns, rows, torch.ones_like(rows)], -1).float()
    rays = pixels @ torch.linalg.inv(camera.intrinsics).T @ camera.camera_from_world.rotation
    rays = functional.normalize(rays @ rotation_about_vertical(turn), dim=-1)
    polar = rays[..., 1].clamp(-1, 1).acos() / math.pi
    # The middle of the panorama lies at +Z; its right, seen from within, at -X.
    around = torch.atan2(-rays[..., 0], rays[..., 2]) / math.pi
    grid = torch.stack([around, 2 * polar - 1], -1)[None]
    # A column more on either side, so that nothing is seen of where the panorama closes.
    closed = torch.cat([wall[:, -1:], wall, wall[:, :1]], 1).permute(2, 0, 1)[None]
    grid[..., 0] *= wall.shape[1] / (wall.shape[1] + 2)
    shown = functional.grid_sample(
        closed, grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    return tone_map(shown[0].permute(1, 2, 0))
