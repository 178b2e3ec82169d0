"""The preview sheet of a reconstruction: the photos, the fit over them, and the head alone."""

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from avatar.core.rig import Rig
from avatar.core.transform import rotation_from_euler
from avatar.create.reconstruct import Reconstruction
from avatar.render.light import environment_light
from avatar.render.preview_sheet import PhotoView, preview_sheet


def preview_image(result: Reconstruction) -> Image.Image:
    """Return the sheet to judge a reconstruction by."""
    avatar = result.avatar
    views = tuple(
        PhotoView(
            pixels=observation.photo.pixels,
            camera=photo.camera,
            vertices=avatar.pose(photo.expression, gaze_rotations(avatar.rig, photo.gaze)),
            light=environment_light(photo.light),
        )
        for photo, observation in zip(result.fit.photos, result.observations, strict=True)
    )
    return Image.fromarray(preview_sheet(avatar, views).numpy())


def gaze_rotations(rig: Rig, gaze: Float[Tensor, "2 2"]) -> Float[Tensor, "joints 3 3"]:
    """Return the joints' rotations that turn the eyes; `gaze` is `PhotoFit.gaze`."""
    rotations = torch.eye(3).repeat(len(rig.joint_names), 1, 1)
    for eye, name in enumerate(("eye_left", "eye_right")):
        if name in rig.joint_names:
            yaw, pitch = gaze[eye]
            turn = rotation_from_euler(pitch, yaw, torch.zeros_like(yaw))
            rotations[rig.joint_names.index(name)] = turn
    return rotations
