"""Metric scale: the visible iris is 11.7 mm wide in nearly everybody."""

import torch

from avatar.core.transform import skew
from avatar.fit.residuals.landmarks import LandmarkBasis
from avatar.fit.solver import Linearised
from avatar.fit.state import HeadState

IRIS_DIAMETER = 0.0117
"""Horizontal visible iris diameter in metres; its standard deviation among adults is 4 %."""


def iris_size(
    state: HeadState, photo: int, eye: LandmarkBasis, diameter: float, deviation: float
) -> Linearised:
    """Return the log ratio of the iris's expected and seen diameter over its deviation.

    `eye` is the basis of one point, the eyeball's centre; `diameter` the seen one in pixels;
    `deviation` the relative standard deviation of one measurement.
    """
    own = state.photos[photo]
    rotation = own.camera_from_head.rotation
    turned = eye.points(state.identity, own) @ rotation.T
    depth = turned[0, 2] + own.camera_from_head.translation[2]
    moving = torch.cat([eye.identity, eye.expression, eye.error], dim=2)
    by_depth = -1 / depth
    by_shape = by_depth * (rotation[2] @ moving[0])
    count = len(state.identity)
    jacobian = torch.cat(
        [
            by_shape[:count],
            by_depth * -skew(turned[0])[2],
            depth.new_tensor([0.0, 0.0, float(by_depth), 1.0]),
            by_shape[count:],
        ]
    )
    residual = (own.focal * IRIS_DIAMETER / depth / diameter).log()
    return Linearised(
        residual=residual[None] / deviation,
        jacobian=jacobian[None] / deviation,
        columns=torch.cat([state.identity_columns(), state.photo_columns(photo)]),
    )
