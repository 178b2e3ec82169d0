"""How far each of the 478 points can be trusted."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.topology import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS

_TOLERATED_SPREAD = 0.02
_FULL_SIZE = 60.0
_HIDDEN = 0.1


def point_confidences(
    points: Float[Tensor, "478 3"],
    spread: Float[Tensor, "478"],
    *,
    presence: float,
    size: float,
    picture: tuple[int, int],
    visible: Float[Tensor, "478"],
) -> Float[Tensor, "478"]:
    """Return weights in [0, 1] for points (x, y, depth) in pixels.

    `spread` is the distance in pixels between the network's independent opinions of each point,
    `size` the face's longer side, `picture` (width, height), `visible` as `visible_fractions` has
    it. Points the head itself hides, points
    outside the picture, irises behind closed lids, and all points of faces under 60 pixels, where
    errors grow from one to four percent of the face, count less.
    """
    agreement = 1 / (1 + (spread / size / _TOLERATED_SPREAD) ** 2)
    # The network is trained to place hidden points too: they are worth something.
    worth = _HIDDEN + (1 - _HIDDEN) * visible
    weights = agreement * worth * _inside(points, picture)
    openness = _eye_openness(points)
    weights[list(RIGHT_IRIS)] *= openness[0]
    weights[list(LEFT_IRIS)] *= openness[1]
    return (weights * presence * min(1.0, size / _FULL_SIZE)).clamp(0, 1)


def _inside(points: Float[Tensor, "478 3"], picture: tuple[int, int]) -> Float[Tensor, "478"]:
    """Return 1 for points in the picture, 0.02 for those the network had to invent."""
    flat = points[:, :2]
    limit = flat.new_tensor(picture) - 0.5
    inside = ((flat >= -0.5) & (flat <= limit)).all(1)
    return torch.where(inside, 1.0, 0.02).to(flat)


def _eye_openness(points: Float[Tensor, "478 3"]) -> Float[Tensor, "2"]:
    """Return, for the right and the left eye, 0 for closed lids up to 1 for lids well apart."""
    ratios: list[Tensor] = []
    for eye in (RIGHT_EYE, LEFT_EYE):
        edge = points[list(eye)]
        width = (edge[0] - edge[8]).norm()
        # Points 1-7 run along the lower lid, 9-15 back along the upper one.
        height = (edge[3:6] - edge[[13, 12, 11]]).norm(dim=1).mean()
        ratios.append(height / width.clamp_min(1e-6))
    return ((torch.stack(ratios) - 0.08) / 0.1).clamp(0, 1)
