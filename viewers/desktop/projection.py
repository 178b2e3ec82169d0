"""A `Camera` in OpenGL's words."""

import numpy as np
from jaxtyping import Float

from avatar.core.camera import Camera

NEAR, FAR = 0.02, 20.0
"""Metres between which there is anything to see."""


def clip_from_world(camera: Camera) -> Float[np.ndarray, "4 4"]:
    """Return the matrix that takes the world to clip space (+Y up, -1 near, 1 far)."""
    world = np.eye(4)
    world[:3, :3] = camera.camera_from_world.rotation.double().numpy()
    world[:3, 3] = camera.camera_from_world.translation.double().numpy()
    return (_clip_from_camera(camera) @ world).astype(np.float32)


def _clip_from_camera(camera: Camera) -> Float[np.ndarray, "4 4"]:
    k = camera.intrinsics.double().numpy()
    width, height = camera.width, camera.height
    # Pixel (0, 0) is the centre of the top-left pixel, so the picture begins half a pixel before.
    return np.array(
        [
            [2 * k[0, 0] / width, 2 * k[0, 1] / width, 2 * (k[0, 2] + 0.5) / width - 1, 0],
            [0, -2 * k[1, 1] / height, 1 - 2 * (k[1, 2] + 0.5) / height, 0],
            [0, 0, (FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)],
            [0, 0, 1, 0],
        ]
    )
