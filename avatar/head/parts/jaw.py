"""The jaw's motion: the rigid motions nearest to those of the source's lower teeth."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.anny.source import AnnySource

JAW_SHAPES = ("jawOpen", "jawForward", "jawLeft", "jawRight", "tongueOut")


def mouth_middle(source: AnnySource, reference: Float[Tensor, "verts 3"]) -> Float[Tensor, "3"]:
    """Return the point that teeth are placed about: midway between the source's crude ones."""
    helpers = (source.group(f"helper-{jaw}-teeth").vertices for jaw in ("upper", "lower"))
    return torch.stack([reference[helper].mean(0) for helper in helpers]).mean(0)


def jaw_expressions(
    source: AnnySource,
    reference: Float[Tensor, "verts 3"],
    points: Float[Tensor, "points 3"],
) -> Float[Tensor, "52 points 3"]:
    """Return the displacements of points that are fixed to the lower jaw."""
    drivers = source.group("helper-lower-teeth").vertices
    expressions = points.new_zeros(len(ARKIT_INDEX), len(points), 3)
    for name in JAW_SHAPES:
        index = ARKIT_INDEX[name]
        moved = reference[drivers] + source.expressions[index, drivers]
        turn, origin, target = _nearest_motion(reference[drivers], moved)
        expressions[index] = (points - origin) @ turn.T + target - points
    return expressions


def _nearest_motion(
    points: Float[Tensor, "points 3"], targets: Float[Tensor, "points 3"]
) -> tuple[Float[Tensor, "3 3"], Float[Tensor, "3"], Float[Tensor, "3"]]:
    """Return rotation and both centres of the rigid motion of points to targets (Kabsch 1976)."""
    origin, target = points.mean(0), targets.mean(0)
    u, _, v = torch.linalg.svd((targets - target).T @ (points - origin))
    sign = torch.det(u @ v).sign()
    return (u * torch.stack([sign.new_ones(()), sign.new_ones(()), sign])) @ v, origin, target
