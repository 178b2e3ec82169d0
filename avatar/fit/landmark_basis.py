"""Landmarks of a head model as linear functions of its coefficients."""

from jaxtyping import Float
from torch import Tensor

from avatar.core.mesh import SurfacePoints
from avatar.fit.residuals.landmarks import LandmarkBasis
from avatar.head.model import HeadModel


def landmark_basis(
    model: HeadModel,
    points: SurfacePoints,
    offsets: Float[Tensor, "verts 3"] | None = None,
    errors: int = 0,
) -> LandmarkBasis:
    """Return the basis of points glued to a model's surface, in double precision.

    `offsets` are the free-form displacements found so far (metres); `errors` is the number of
    landmark error modes of the state, which do not move points of the surface.
    """
    template = model.template if offsets is None else model.template + offsets
    return LandmarkBasis(
        mean=points.on(template).double(),
        identity=points.on(model.identity_basis).permute(1, 2, 0).double(),
        expression=points.on(model.expression_basis).permute(1, 2, 0).double(),
        error=template.new_zeros(len(points), 3, errors).double(),
    )


def eye_basis(model: HeadModel, joint: str, errors: int = 0) -> LandmarkBasis:
    """Return the basis of one point, an eyeball's centre; expressions do not move it."""
    row = model.joint_regressor[model.joint_names.index(joint)]
    template = model.template
    return LandmarkBasis(
        mean=(row @ template)[None].double(),
        identity=(row @ model.identity_basis).T[None].double(),
        expression=template.new_zeros(1, 3, 52).double(),
        error=template.new_zeros(1, 3, errors).double(),
    )
