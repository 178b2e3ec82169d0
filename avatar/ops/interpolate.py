"""Per-vertex quantities at the pixels of a rasterised mesh."""

from jaxtyping import Float, Int
from torch import Tensor

from avatar.ops.rasterize_mesh import MeshFragments


def interpolate(
    fragments: MeshFragments,
    faces: Int[Tensor, "faces 3"],
    attributes: Float[Tensor, "values channels"],
) -> Float[Tensor, "height width channels"]:
    """Return `attributes` at every pixel, 0 where there is no triangle.

    `faces` has a row for each rasterised triangle and indexes `attributes`: the faces themselves
    for vertex attributes, the `uv_faces` for texture coordinates. Differentiable in `attributes`
    and in the fragments' barycentrics.
    """
    covered = fragments.triangles >= 0
    row, column = covered.nonzero().unbind(-1)
    corners = attributes[faces[fragments.triangles[row, column]].long()]
    weights = fragments.barycentrics[row, column].to(attributes.dtype)
    picture = attributes.new_zeros(*covered.shape, attributes.shape[1])
    return picture.index_put((row, column), (weights[..., None] * corners).sum(1))
