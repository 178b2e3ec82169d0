"""Detected landmarks against the model's, in the picture and in relative depth."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.transform import skew
from avatar.fit.solver import Linearised
from avatar.fit.state import HeadState, PhotoState


@dataclass(frozen=True, kw_only=True)
class LandmarkBasis:
    """Where landmarks are in the head frame, metres: linear in identity, expression and error.

    These are the points the detector means, which need not be the surface's own: `mean` and the
    bases may include its measured habits.
    """

    mean: Float[Tensor, "points 3"]
    identity: Float[Tensor, "points 3 identity"]
    expression: Float[Tensor, "points 3 52"]
    error: Float[Tensor, "points 3 modes"]

    def to(self, dtype: torch.dtype) -> "LandmarkBasis":
        """Return the same in another precision."""
        return LandmarkBasis(
            mean=self.mean.to(dtype),
            identity=self.identity.to(dtype),
            expression=self.expression.to(dtype),
            error=self.error.to(dtype),
        )

    def points(
        self, identity: Float[Tensor, " identity"], photo: PhotoState
    ) -> Float[Tensor, "points 3"]:
        """Return the landmarks of a state in the head frame."""
        return (
            self.mean
            + self.identity @ identity
            + self.expression @ photo.expression
            + self.error @ photo.landmark_error
        )


@dataclass(frozen=True, kw_only=True)
class LandmarkEvidence:
    """What a detector saw in one photo, and how far each number is to be trusted.

    `positions` are pixels; `depths` pixels in the detector's relative scale, up to a common
    shift; `deviations` the standard deviations of x, y and depth in pixels, infinite for none.
    """

    positions: Float[Tensor, "points 2"]
    depths: Float[Tensor, " points"]
    deviations: Float[Tensor, "points 3"]

    def to(self, dtype: torch.dtype) -> "LandmarkEvidence":
        """Return the same in another precision."""
        return LandmarkEvidence(
            positions=self.positions.to(dtype),
            depths=self.depths.to(dtype),
            deviations=self.deviations.to(dtype),
        )


def landmarks(
    state: HeadState, photo: int, basis: LandmarkBasis, evidence: LandmarkEvidence
) -> Linearised:
    """Return x, y and depth errors of each landmark over their standard deviations.

    Depth is weak-perspective: `focal * (z - z0) / z0` with z0 the head origin's distance, after
    the weighted mean difference is taken out. Rows run x, y, depth of point 0, then of point 1...
    Computed in the precision of `basis` and `evidence`, whatever the state's.
    """
    own = state.photos[photo].to(basis.mean.dtype)
    identity = state.identity.to(basis.mean.dtype)
    rotation, translation = own.camera_from_head.rotation, own.camera_from_head.translation
    turned = basis.points(identity, own) @ rotation.T
    in_camera = turned + translation
    precision = 1 / evidence.deviations
    predicted, by_point, by_translation = _measure(own, in_camera)
    observed = torch.cat([evidence.positions, evidence.depths[:, None]], dim=1)
    held = not len(identity) and not basis.error.shape[2]
    parts = [basis.identity, basis.expression, basis.error]
    moving = basis.expression if held else torch.cat(parts, dim=2)
    by_shape = (by_point @ rotation) @ moving
    by_rotation = -by_point @ skew(turned)
    by_focal = (predicted - torch.cat([own.centre, own.centre.new_zeros(1)]))[..., None]
    count = len(identity)
    jacobian = torch.cat(
        [
            by_shape[..., :count],
            by_rotation,
            by_translation,
            by_focal,
            by_shape[..., count:],
        ],
        dim=2,
    )
    residual = predicted - observed
    weights = precision[:, 2] ** 2
    share = weights / weights.sum().clamp_min(1e-30)
    # In place: they are ours, and large.
    residual[:, 2] -= share @ residual[:, 2]
    jacobian[:, 2] -= share @ jacobian[:, 2]
    return Linearised(
        residual=residual.mul_(precision).flatten(),
        jacobian=jacobian.mul_(precision[..., None]).flatten(0, 1),
        columns=torch.cat([state.identity_columns(), state.photo_columns(photo)]),
    )


def _measure(
    photo: PhotoState, in_camera: Float[Tensor, "points 3"]
) -> tuple[Float[Tensor, "points 3"], Float[Tensor, "points 3 3"], Float[Tensor, "points 3 3"]]:
    """Return x, y and relative depth in pixels, and Jacobians by the point and by translation."""
    focal, distance = photo.focal, photo.camera_from_head.translation[2]
    x, y, z = in_camera.unbind(1)
    zero, scale = torch.zeros_like(x), focal / z
    depth = focal * (z - distance) / distance
    predicted = torch.stack([scale * x, scale * y, depth], 1)
    predicted = predicted + torch.cat([photo.centre, photo.centre.new_zeros(1)])
    by_point = torch.stack(
        [
            torch.stack([scale, zero, -scale * x / z], 1),
            torch.stack([zero, scale, -scale * y / z], 1),
            torch.stack([zero, zero, (focal / distance).expand_as(x)], 1),
        ],
        dim=1,
    )
    by_translation = by_point.clone()
    by_translation[:, 2, 2] = focal / distance - focal * z / distance**2
    return predicted, by_point, by_translation
