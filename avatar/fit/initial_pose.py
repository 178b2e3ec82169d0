"""The first guess of a photo's pose: one rigid alignment of 3D points, no iteration."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.transform import Transform


def initial_pose(
    points_in_head: Float[Tensor, "points 3"],
    positions: Float[Tensor, "points 2"],
    depths: Float[Tensor, " points"],
    focal: float,
    centre: Float[Tensor, "2"],
) -> Transform:
    """Return `camera_from_head` of a weak-perspective camera that sees the points there.

    `positions` and `depths` (away from the camera, any common shift) are pixels. The similarity
    between (x, y, depth) and the model's points is solved in closed form (Umeyama 1991); its
    scale gives the distance.
    """
    seen = torch.cat([positions - centre, depths[:, None]], dim=1)
    seen_middle, own_middle = seen.mean(0), points_in_head.mean(0)
    own = points_in_head - own_middle
    u, singular, vt = torch.linalg.svd((seen - seen_middle).T @ own)
    mirror = torch.ones_like(singular)
    mirror[2] = torch.sign(torch.linalg.det(u @ vt))
    rotation = u @ torch.diag(mirror) @ vt
    pixels_per_metre = (singular * mirror).sum() / (own * own).sum()
    shift = seen_middle / pixels_per_metre - rotation @ own_middle
    distance = focal / pixels_per_metre
    return Transform(rotation=rotation, translation=torch.stack([shift[0], shift[1], distance]))
