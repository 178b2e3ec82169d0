"""A camera that frames a head as a portrait photographer would."""

import math

from jaxtyping import Float
from torch import Tensor

from avatar.core.camera import Camera, focal_from_fov, intrinsics_from_focal, look_at
from avatar.core.mesh import Mesh
from avatar.core.transform import rotation_from_euler

PORTRAIT_FOV = 24.0
"""Degrees an 85 mm lens sees along the long side of a 35 mm film frame: a portrait's height."""

CHIN = -1.1
"""Where the head ends, as a multiple of how far its top lies above the eyes."""

_ROOM = 1.2
"""How much taller than the head the picture is."""


def frame_head(
    head: Mesh | Float[Tensor, "verts 3"],
    yaw: float = 0.0,
    pitch: float = 0.0,
    fov: float = PORTRAIT_FOV,
    size: tuple[int, int] = (768, 768),
    zoom: float = 1.0,
) -> Camera:
    """Return a camera that fills a picture with the head as it looks turned by `yaw` and `pitch`.

    Angles are in radians as `rotation_from_euler` reads them: with positive yaw the picture shows
    the face turned to its left, with positive pitch nodding down. `fov` is the angle in degrees
    across the picture's height, `size` its (width, height); `zoom` above 1 crops tighter.
    Vertices are in the head frame, whose origin lies between the eyes.
    """
    vertices = head.vertices if isinstance(head, Mesh) else head
    width, height = size
    skull = head_vertices(vertices)
    low, high = skull.amin(0), skull.amax(0)
    centre = (low + high) / 2
    half_height = float(high[1] - low[1]) / 2 * _ROOM
    half_depth = float(high[2] - low[2]) / 2
    distance = half_height / math.tan(math.radians(fov) / 2) + half_depth
    focal = focal_from_fov(fov, height) * zoom
    zero = vertices.new_zeros(())
    turn = rotation_from_euler(zero + pitch, zero + yaw, zero)
    backwards = turn.T @ vertices.new_tensor([0.0, 0.0, 1.0])
    return Camera(
        intrinsics=intrinsics_from_focal(focal, width, height).to(vertices),
        camera_from_world=look_at(centre + distance * backwards, centre),
        width=width,
        height=height,
    )


def head_vertices(vertices: Float[Tensor, "verts 3"]) -> Float[Tensor, "kept 3"]:
    """Return the vertices of the head without neck and shoulders (head frame, metres)."""
    return vertices[vertices[:, 1] > CHIN * vertices[:, 1].amax().abs()]
