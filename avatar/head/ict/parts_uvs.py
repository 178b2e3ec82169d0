"""Texture coordinates for ICT-FaceKit: its tiles packed into one, its parts laid out like ours."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from torch import Tensor

from avatar.head.ict.source import IctSource
from avatar.head.ict.topology import FACE_TILE_SHARE, IctPart, tooth_ranges
from avatar.head.imported.sphere import polar_eye_uvs, sphere_centre
from avatar.head.parts.atlas import MARGIN, ROW_HEIGHT, TEETH_PER_SIDE


def skin_uvs(
    source: IctSource, triangles: Bool[ndarray, " faces"]
) -> tuple[Float[Tensor, "uvs 2"], Int[Tensor, "skin 3"]]:
    """Return the skin's texture coordinates in one tile, v running down, and its uv faces.

    The face's tile takes the texture's left side, the tile of head and sockets the right.
    """
    used, local = np.unique(source.uv_faces[triangles], return_inverse=True)
    tile, within = np.divmod(source.uvs[used, 0], 1.0)
    share = FACE_TILE_SHARE
    u = np.where(tile < 1, within * share, share + within * (1 - share))
    uvs = np.stack([u, 1 - source.uvs[used, 1]], 1)
    return torch.from_numpy(uvs), torch.from_numpy(local.reshape(-1, 3))


def part_uvs(
    part: IctPart,
    template: Float[Tensor, "verts 3"],
    vertices: Int[Tensor, " own"],
    source_vertices: Int[Tensor, " own"],
) -> Float[Tensor, "own 2"]:
    """Return a part's texture coordinates, one for each of its vertices."""
    points = template[vertices]
    if part.material == "eye":
        side = "left" if part.name.endswith("left") else "right"
        return polar_eye_uvs(points, sphere_centre(points), side)
    if part.material == "teeth":
        return _tooth_uvs(part.name.removeprefix("teeth_"), points, source_vertices)
    if part.material == "lashes":
        return _lash_uvs(points)
    return _unit(points[:, [0, 2]])


def _tooth_uvs(
    jaw: str, points: Float[Tensor, "own 3"], source_vertices: Int[Tensor, " own"]
) -> Float[Tensor, "own 2"]:
    """Put each tooth into the cell of its kind: u along its width, v from its end to its neck."""
    uvs = torch.zeros(len(points), 2, dtype=points.dtype)
    row = 0 if jaw == "upper" else 1
    cell = points.new_tensor([1 / TEETH_PER_SIDE, ROW_HEIGHT])
    for first, last, number in tooth_ranges(jaw):
        own = (source_vertices >= first) & (source_vertices <= last)
        tooth = points[own]
        along = tooth[:, 0].abs() if number < 3 else -tooth[:, 2]
        rise = tooth[:, 1] if jaw == "upper" else -tooth[:, 1]
        # Wisdom teeth wear the second molars' enamel.
        column = min(number, TEETH_PER_SIDE - 1)
        corner = points.new_tensor([column / TEETH_PER_SIDE, row * ROW_HEIGHT])
        uvs[own] = corner + MARGIN + _unit(torch.stack([along, rise], 1)) * (cell - 2 * MARGIN)
    return uvs


def _lash_uvs(points: Float[Tensor, "own 3"]) -> Float[Tensor, "own 2"]:
    """Run u along the lid and v from the tips (0) to the roots (1), by the distance to the eye."""
    reach = points[:, 2] - 0.35 * points[:, 0].abs()
    return torch.stack([_unit(points[:, :1])[:, 0], 1 - _unit(reach[:, None])[:, 0]], 1)


def _unit(values: Float[Tensor, "own channels"]) -> Float[Tensor, "own channels"]:
    low, high = values.amin(0), values.amax(0)
    return (values - low) / (high - low).clamp_min(1e-9)
