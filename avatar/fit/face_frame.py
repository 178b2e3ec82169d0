"""The frame a face is guessed in: that of its crop, level with the eyes, along the ray to it."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.crop import Crop
from avatar.core.transform import Transform, matrix_from_rotation_vector

PLACE = 10
"""Numbers of a place: log distance (m), log scale (crop sides a metre at the head's origin), the
origin in the crop (-0.5 to 0.5, right and down), and the first and last column of the rotation."""


def points_in_crop(points: Float[Tensor, "478 3"], crop: Crop) -> Float[Tensor, "478 3"]:
    """Return points (x, y, depth; pixels) in sides of the crop, from its middle."""
    return torch.cat([crop.in_crop(points[:, :2], 1), points[:, 2:] / crop.side], 1)


def place_of(
    camera_from_head: Transform, intrinsics: Float[Tensor, "3 3"], crop: Crop
) -> Float[Tensor, "10"]:
    """Return where a head is, in the terms a network can tell from a crop."""
    translation = camera_from_head.translation
    focal, distance = intrinsics[0, 0], translation[2]
    origin = focal * translation[:2] / distance + intrinsics[:2, 2]
    turned = _view_from_camera(translation, crop.angle) @ camera_from_head.rotation
    numbers = torch.stack([distance.log(), (focal / distance / crop.side).log()])
    return torch.cat([numbers, crop.in_crop(origin, 1), turned[:, 0], turned[:, 2]])


def pose_of(
    place: Float[Tensor, "10"], crop: Crop, centre: Float[Tensor, "2"]
) -> tuple[Transform, float]:
    """Return camera_from_head and the focal length in pixels of a place; undoes `place_of`."""
    distance = float(place[0].exp())
    focal = float(place[1].exp()) * crop.side * distance
    origin = crop.in_picture(place[2:4], 1)
    ray = torch.cat([(origin - centre) / focal, place.new_ones(1)])
    translation = ray * distance
    first = torch.nn.functional.normalize(place[4:7], dim=0)
    last = place[7:10] - (place[7:10] @ first) * first
    last = torch.nn.functional.normalize(last, dim=0)
    turned = torch.stack([first, torch.linalg.cross(last, first), last], 1)
    rotation = _view_from_camera(translation, crop.angle).T @ turned
    return Transform(rotation=rotation, translation=translation), focal


def _view_from_camera(translation: Float[Tensor, "3"], angle: float) -> Float[Tensor, "3 3"]:
    """Return the rotation after which the ray to a head is the axis and its crop is level."""
    ray = torch.nn.functional.normalize(translation, dim=0)
    down = ray.new_tensor([0.0, 1.0, 0.0])
    right = torch.nn.functional.normalize(torch.linalg.cross(down, ray), dim=0)
    along = torch.stack([right, torch.linalg.cross(ray, right), ray])
    level = matrix_from_rotation_vector(ray.new_tensor([0.0, 0.0, -angle]))
    return level @ along
