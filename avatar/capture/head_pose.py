"""How a head is turned, estimated from its 478 points alone."""

from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.capture.topology import MIRRORED
from avatar.core.transform import euler_from_rotation

_FOREHEAD, _SUBNASALE = 10, 2


def head_rotation(points: Float[Tensor, "478 3"]) -> Float[Tensor, "3 3"]:
    """Return the rotation of a head from the pose that looks straight into the camera.

    `points` are (x, y, depth) in pixels, x right, y down, depth away from the camera. The
    head's +X runs along the lines between mirrored points, its +Y from the base of the nose to the
    top of the forehead, which no expression moves much. Rotations are in the head frame's axes
    (+Y up, the face looks along +Z), as `avatar.core.transform.rotation_from_euler` writes them.
    """
    in_head_axes = points[:468] * points.new_tensor([1.0, -1.0, -1.0])
    # From each point to its mirror image; those on the subject's right count, the others oppose.
    right, left = _mirrored_pairs(points.device)
    x = torch.nn.functional.normalize((in_head_axes[left] - in_head_axes[right]).sum(0), dim=0)
    up = in_head_axes[_FOREHEAD] - in_head_axes[_SUBNASALE]
    y = torch.nn.functional.normalize(up - (up @ x) * x, dim=0)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=1)


@cache
def _mirrored_pairs(device: torch.device) -> tuple[Int[Tensor, " pairs"], Int[Tensor, " pairs"]]:
    pairs = [(index, other) for index, other in enumerate(MIRRORED[:468]) if index < other]
    first, second = torch.tensor(pairs, device=device).unbind(1)
    return first, second


def head_angles(points: Float[Tensor, "478 3"]) -> tuple[float, float, float]:
    """Return (pitch, yaw, roll) in radians; see `head_rotation` for `points`.

    Positive yaw turns the face to the subject's left, positive pitch nods it down.
    """
    pitch, yaw, roll = euler_from_rotation(head_rotation(points))
    return float(pitch), float(yaw), float(roll)
