"""The 68 landmarks estimated by geometry alone, for models on which none were measured."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.mesh import SurfacePoints

# The right half of the iBUG 68 points and the middle ones on an average face seen from the front:
# millimetres right of and below the point midway between the eyes.
_FRONTAL_MM: dict[int, tuple[float, float]] = {
    **{0: (70, 5), 1: (68, 22), 2: (66, 40), 3: (62, 57), 4: (54, 74), 5: (42, 88), 6: (29, 99)},
    **{7: (15, 106), 8: (0, 108), 17: (56, -18), 18: (48, -26), 19: (36, -28), 20: (24, -25)},
    **{21: (12, -20), 27: (0, -4), 28: (0, 8), 29: (0, 19), 30: (0, 30), 31: (13, 42)},
    **{32: (7, 44), 33: (0, 46), 36: (46, 0), 37: (38, -5), 38: (26, -5), 39: (17, 2)},
    **{40: (26, 5), 41: (38, 5), 48: (26, 70), 49: (17, 65), 50: (7, 62), 51: (0, 64)},
    **{57: (0, 81), 58: (8, 80), 59: (17, 76), 60: (22, 70), 61: (8, 69), 62: (0, 69)},
    **{66: (0, 71), 67: (8, 71)},
}
_MIRRORED_68: dict[int, int] = {
    **{i: 16 - i for i in range(17)},
    **{i: 43 - i for i in range(17, 27)},
    **{i: i for i in range(27, 31)},
    **{i: 66 - i for i in range(31, 36)},
    **{36: 45, 37: 44, 38: 43, 39: 42, 40: 47, 41: 46},
    **{48: 54, 49: 53, 50: 52, 51: 51, 57: 57, 58: 56, 59: 55},
    **{60: 64, 61: 63, 62: 62, 66: 66, 67: 65},
}


def frontal_landmarks(
    template: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"]
) -> SurfacePoints:
    """Return the 68 iBUG points of an average face, found on this one by rays along -Z.

    The template is in the head frame, metres. Each ray takes the foremost triangle that faces it,
    or the nearest triangle where it misses. Good to some millimetres: enough to align heads by.
    """
    targets = torch.zeros(68, 2, dtype=template.dtype)
    for index, (x, y) in _FRONTAL_MM.items():
        targets[index] = torch.tensor([-x, -y]) / 1000
        targets[_MIRRORED_68[index]] = torch.tensor([x, -y]) / 1000
    targets[:, 0] += 1e-7
    a, b, c = template[faces].unbind(1)
    hits = torch.zeros(68, dtype=torch.long)
    weights = torch.zeros(68, 3, dtype=template.dtype)
    double_area = _cross(b - a, c - a)
    for index, point in enumerate(targets):
        u = _cross(b[:, :2] - point, c[:, :2] - point) / double_area
        v = _cross(c[:, :2] - point, a[:, :2] - point) / double_area
        inside = torch.stack([u, v, 1 - u - v], 1)
        depth = (inside * torch.stack([a[:, 2], b[:, 2], c[:, 2]], 1)).sum(1)
        hit = (inside >= -1e-9).all(1) & (double_area > 0)
        if not hit.any():
            depth = -(template[faces].mean(1)[:, :2] - point).norm(dim=1)
            inside = torch.full_like(inside, 1 / 3)
            hit = torch.ones_like(hit)
        hits[index] = torch.where(hit, depth, -torch.inf).argmax()
        weights[index] = inside[hits[index]]
    return SurfacePoints(corners=faces[hits], barycentrics=weights)


def _cross(first: Float[Tensor, "n dims"], second: Float[Tensor, "n dims"]) -> Float[Tensor, " n"]:
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
