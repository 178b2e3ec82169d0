"""A part of the head beside the skin, and how it rides on the source mesh."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class PartGeometry:
    """A part on the reference head: geometry, and how identity, expression and joints move it.

    `vertices` are metres in the head frame; `faces`, `uvs` and `uv_faces` are those of a `Mesh`.
    `binding` is (points, source vertices): a change of identity that displaces the source's
    vertices by `d` displaces the part by `binding @ d`; its rows sum to one, so a part always
    follows a shift of the head.
    `expression` holds the 52 ARKit displacements; `joint` names the one joint that carries the
    part: `eye_left`, `eye_right` or `head` (jaws move by the morphs).
    """

    name: str
    material: str
    vertices: Float[Tensor, "points 3"]
    faces: Int[Tensor, "faces 3"]
    uvs: Float[Tensor, "uvs 2"]
    uv_faces: Int[Tensor, "faces 3"]
    binding: sparse.csr_array
    expression: Float[Tensor, "52 points 3"]
    joint: str
