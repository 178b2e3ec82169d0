"""The mesh network: 478 points in three dimensions from a crop around a face."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.capture.crop import Crop, Pyramid
from avatar.capture.networks import FaceNetworks
from avatar.capture.tflite.custom_ops import refined_indices
from avatar.capture.topology import MIRRORED
from avatar.core.errors import ModelError

RESOLUTION = 192
IRIS_RIGHT, IRIS_LEFT = 468, 473


@dataclass(frozen=True, kw_only=True)
class Mesh478:
    """Points of faces in the picture: positions and relative depths in pixels, and presence.

    `points` are (x, y, depth); depth is negative towards the camera. `presence` in [0, 1] is the
    network's belief that the crop shows a face.
    """

    points: Float[Tensor, "faces 478 3"]
    presence: Float[Tensor, " faces"]


def trace_mesh(
    pyramid: Pyramid, networks: FaceNetworks, crops: list[Crop], mirrored: list[bool]
) -> Mesh478:
    """Run the mesh network on crops of a picture.

    Where `mirrored` is set, the network sees the crop's mirror image and its answer is mirrored
    back, subject's left and right included: a second, nearly independent opinion.
    """
    pictures = torch.stack([pyramid.sample(crop, RESOLUTION, "replicate") for crop in crops])
    flip = torch.tensor(mirrored, device=pictures.device)
    outputs = networks.mesh(torch.where(flip[:, None, None, None], pictures.flip(2), pictures))
    points, logits = _assembled(outputs, networks)
    # The network's coordinates are those of pixel edges; ours are those of pixel centres.
    points = _mirrored(points - points.new_tensor([0.5, 0.5, 0.0]), flip)
    placed = [
        torch.cat(
            [crop.in_picture(face[:, :2], RESOLUTION), face[:, 2:] * crop.side / RESOLUTION], 1
        )
        for crop, face in zip(crops, points, strict=True)
    ]
    return Mesh478(points=torch.stack(placed), presence=logits.sigmoid())


def crop_around(points: Float[Tensor, "478 3"], margin: float = 1.5) -> Crop:
    """Return the crop the network expects around a face whose points are known."""
    flat = points[:468, :2]
    along = flat[263] - flat[33]
    angle = float(torch.atan2(along[1], along[0]))
    level = Crop(center_x=0.0, center_y=0.0, side=1.0, angle=angle).in_crop(flat, 1)
    low, high = level.amin(0), level.amax(0)
    middle = Crop(center_x=0.0, center_y=0.0, side=1.0, angle=angle).in_picture((low + high) / 2, 1)
    return Crop(
        center_x=float(middle[0]),
        center_y=float(middle[1]),
        side=margin * float((high - low).max()),
        angle=angle,
    )


def _assembled(
    outputs: tuple[Tensor, ...], networks: FaceNetworks
) -> tuple[Float[Tensor, "faces 478 3"], Float[Tensor, " faces"]]:
    """Put the refined lips, eyes and irises in their places among the coarse points."""
    mesh, lips, right_eye, left_eye, right_iris, left_iris, flag = outputs
    refined = [
        refined_indices(operator)
        for operator in networks.mesh.graph.operators
        if operator.name == "Landmarks2TransformMatrix"
    ]
    if [len(indices) for indices in refined] != [80, 71, 71]:
        raise ModelError("face mesh network: not the version with 80 lip and 71 eye points")
    batch = len(mesh)
    points = torch.cat([mesh.reshape(batch, 468, 3), mesh.new_zeros(batch, 10, 3)], 1)
    for indices, values in zip(refined, (lips, right_eye, left_eye), strict=True):
        points[:, indices, :2] = values.reshape(batch, len(indices), 2)
    for start, values, eye in (
        (IRIS_RIGHT, right_iris, refined[1]),
        (IRIS_LEFT, left_iris, refined[2]),
    ):
        points[:, start : start + 5, :2] = values.reshape(batch, 5, 2)
        # The first 16 eye points are the lid edges: the iris lies at their mean depth.
        points[:, start : start + 5, 2] = points[:, eye[:16], 2].mean(1, keepdim=True)
    return points, flag.reshape(batch)


def _mirrored(
    points: Float[Tensor, "faces 478 3"], flip: Bool[Tensor, " faces"]
) -> Float[Tensor, "faces 478 3"]:
    back = points[:, list(MIRRORED)] * points.new_tensor([-1, 1, 1])
    back = back + points.new_tensor([RESOLUTION - 1, 0, 0])
    return torch.where(flip[:, None, None], back, points)
