"""How far apart pairs of landmarks are: lids and lips, whose closing is what people look at.

Neighbouring landmarks err together, so their difference is known several times better than either
of them; as single points they would close an eye or a mouth only half.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.fit.residuals.landmarks import LandmarkBasis
from avatar.fit.solver import Linearised
from avatar.fit.state import HeadState, PhotoState

LIDS: tuple[tuple[int, int], ...] = (
    *((159, 145), (160, 144), (158, 153), (161, 163), (157, 154)),
    *((386, 374), (387, 373), (385, 380), (388, 390), (384, 381)),
)
"""Upper and lower edge of the subject's right eye, then of the left one."""

LIPS: tuple[tuple[int, int], ...] = (
    *((13, 14), (82, 87), (312, 317), (81, 178), (311, 402)),
    *((80, 88), (310, 318)),
)
"""Upper and lower inner edge of the lips, from the middle outwards."""

MOUTH: tuple[tuple[int, int], ...] = ((61, 291), (0, 17), (0, 13), (14, 17))
"""The mouth's width and height, and how much of the upper and lower lip shows."""

BROWS: tuple[tuple[int, int], ...] = (
    *((105, 33), (66, 133), (107, 133), (334, 263), (296, 362), (336, 362)),
    (107, 336),
)
"""Brows above the eyes' corners, and the inner brows' distance."""


@dataclass(frozen=True, kw_only=True)
class ApertureEvidence:
    """Observed differences (second point minus first, pixels) with their deviations (pixels).

    `basis` gives the points of the first and the second half: pair i is points i and i + pairs.
    """

    basis: LandmarkBasis
    differences: Float[Tensor, "pairs 2"]
    deviations: Float[Tensor, " pairs"]


def apertures(state: HeadState, photo: int, evidence: ApertureEvidence) -> Linearised:
    """Return the errors of the differences in x and y, over their deviations; x, y by pair.

    The pose is taken as given: pose, focal length and identity are the landmarks' own business.
    """
    own = state.photos[photo]
    places, by_point = _projected(own, evidence.basis.points(state.identity, own))
    rotation = own.camera_from_head.rotation
    slopes = (by_point @ rotation) @ evidence.basis.expression
    pairs = len(evidence.differences)
    precision = 1 / evidence.deviations[:, None]
    residual = (places[pairs:] - places[:pairs] - evidence.differences) * precision
    jacobian = (slopes[pairs:] - slopes[:pairs]) * precision[..., None]
    return Linearised(
        residual=residual.flatten(),
        jacobian=jacobian.flatten(0, 1),
        columns=state.expression_columns(photo),
    )


def pair_rows(basis: LandmarkBasis, pairs: tuple[tuple[int, int], ...]) -> LandmarkBasis:
    """Return the basis of the first points of all pairs, then of the second ones."""
    rows = [first for first, _ in pairs] + [second for _, second in pairs]
    return LandmarkBasis(
        mean=basis.mean[rows],
        identity=basis.identity[rows],
        expression=basis.expression[rows],
        error=basis.error[rows],
    )


def _projected(
    photo: PhotoState, points: Float[Tensor, "points 3"]
) -> tuple[Float[Tensor, "points 2"], Float[Tensor, "points 2 3"]]:
    pose = photo.camera_from_head
    x, y, z = (points @ pose.rotation.T + pose.translation).unbind(1)
    scale, zero = photo.focal / z, torch.zeros_like(x)
    places = torch.stack([scale * x, scale * y], 1) + photo.centre
    by_x = torch.stack([scale, zero, -scale * x / z], 1)
    by_y = torch.stack([zero, scale, -scale * y / z], 1)
    return places, torch.stack([by_x, by_y], 1)
