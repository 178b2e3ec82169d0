"""The light a user asks for."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch

from avatar.animation.splat_film import stage_camera
from avatar.core.camera import Camera
from avatar.core.transform import rotation_about_vertical
from avatar.files.radiance import read_radiance
from avatar.render.light import Lamp, Light, studio_light
from avatar.render.light_options import LightOptions
from avatar.render.panorama_light import panorama_light
from avatar.render.splat_stage import SplatStage

LAMP_RADIUS = math.radians(9)
"""Half the angle an asked-for lamp spans: a softbox two metres away."""


def choose_light(stage: SplatStage, options: LightOptions) -> Light | None:
    """Return the light for splats, None for the one the person was filmed in, left as it is.

    Raises:
        ImageError: the panorama cannot be read.
        OptionError: the avatar cannot be relit.
    """
    if options.as_filmed:
        return None
    return make_light(options, stage_camera(stage, 64), lambda: stage.lighting.filmed_light)


def make_light(
    options: LightOptions, camera: Camera, filmed: Callable[[], Light] | None = None
) -> Light:
    """Return the light of a head before a camera; a studio's where no filmed one is known.

    Raises:
        ImageError: the panorama cannot be read.
    """
    if options.hdr is not None:
        light = panorama_light(read_radiance(options.hdr))
    elif options.light == "dark":
        light = Light(environment=torch.zeros(9, 3))
    elif options.light == "studio" or filmed is None:
        light = studio_light(camera)
    else:
        light = filmed()
    light = light.turned(rotation_about_vertical(math.radians(options.light_rotation)))
    if options.lamp is not None:
        light = replace(light, lamps=(*light.lamps, _lamp(*options.lamp)))
    return light.scaled(2**options.light_stops)


def _lamp(left: float, up: float, strength: float) -> Lamp:
    around, lift = math.radians(left), math.radians(up)
    level = math.cos(lift)
    return Lamp(
        direction=torch.tensor(
            [math.sin(around) * level, math.sin(lift), math.cos(around) * level]
        ),
        color=(strength, strength, strength),
        radius=LAMP_RADIUS,
        shadow=True,
    )
