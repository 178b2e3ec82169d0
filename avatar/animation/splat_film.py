"""Films of splat avatars: a clip, a camera path, a background."""

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.animation.film import Frame
from avatar.animation.resample import resample
from avatar.animation.splat_film_options import CameraPath, SplatFilmOptions
from avatar.core.camera import Camera
from avatar.core.clip import Clip
from avatar.core.transform import Transform, matrix_from_quaternion, rotation_about_vertical
from avatar.render.light import Light
from avatar.render.splat_stage import SplatStage

_REACH = {"still": 0.0, "sway": math.radians(20), "orbit": math.radians(70)}
_SWAY_SECONDS = 6.0

PIVOT_DEPTH = 0.08
"""Metres behind the eyes around which the camera goes."""


def splat_film_frames(
    stage: SplatStage, clip: Clip, options: SplatFilmOptions, light: Light | None = None
) -> Iterator[Frame]:
    """Give the pictures of a clip, sRGB, one every 1 / fps from 0 to the clip's end.

    Lit as filmed without a `light`.
    """
    count = int(float(clip.times[-1]) * options.fps + 1e-3) + 1
    timed = resample(clip, torch.arange(count) / options.fps)
    background = torch.tensor(options.background)
    filmed = stage_camera(stage, options.size)
    for number in range(count):
        pose = stage.head_of_joints(joint_turns(stage, timed, number))
        camera = moved_camera(filmed, options.camera, number / options.fps, count / options.fps)
        spin = rotation_about_vertical(2 * math.pi * options.light.light_spin * number / count)
        spun = None if light is None else light.turned(spin)
        posed = stage.lit(timed.weights[number], pose, spun, camera)
        picture = stage.picture(posed, camera, background)
        yield (picture * 255 + 0.5).to(torch.uint8).numpy()


def stage_camera(stage: SplatStage, height: int) -> Camera:
    """Return the camera that filmed, its pictures `height` pixels high, both sides even."""
    camera = stage.splats.camera
    width = round(camera.width * height / camera.height / 2) * 2
    return camera.resized(max(width, 2), round(height / 2) * 2)


def joint_turns(stage: SplatStage, clip: Clip, frame: int) -> Float[Tensor, "joints 3 3"]:
    """Return the local rotations of all of the head's joints in a frame of a clip."""
    names = stage.head.rig.joint_names
    turns = torch.eye(3).expand(len(names), 3, 3).clone()
    if clip.joint_rotations is not None:
        for place, name in enumerate(clip.joint_names):
            if name in names:
                turns[names.index(name)] = matrix_from_quaternion(
                    clip.joint_rotations[frame, place]
                )
    return turns


def moved_camera(camera: Camera, path: CameraPath, time: float, length: float) -> Camera:
    """Return the camera at a time of its path around the head; the torso's axis stays upright."""
    period = _SWAY_SECONDS if path == "sway" else max(length, 1.0)
    angle = _REACH[path] * math.sin(2 * math.pi * time / period)
    if angle == 0:
        return camera
    turn = rotation_about_vertical(angle)
    pivot = torch.tensor([0.0, 0.0, -PIVOT_DEPTH])
    around = Transform(rotation=turn, translation=pivot - turn @ pivot)
    return replace(camera, camera_from_world=camera.camera_from_world @ around)
