"""The eyes as parts: ball and cornea placed so that the lids lie on the ball."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.anny.rig import fit_joint
from avatar.head.anny.source import AnnySource
from avatar.head.parts.binding import bound_rigidly
from avatar.head.parts.eyeball import EYEBALL_RADIUS, cornea_surface, eyeball_surface
from avatar.head.parts.gaze import gaze_expressions
from avatar.head.parts.part import PartGeometry
from avatar.head.parts.rims import (
    CONTACT_RINGS,
    LOWER_COLUMNS,
    OUTER_CORNER_COLUMNS,
    SIDES,
    UPPER_COLUMNS,
    LidRim,
    lid_rim,
)

# The inner corner holds the caruncle and does not touch the ball.
_TOUCHING_COLUMNS = (*UPPER_COLUMNS[1:], *OUTER_CORNER_COLUMNS, *LOWER_COLUMNS[2:])


def contact_points(
    source_vertices: Float[Tensor, "*batch verts 3"], rim: LidRim
) -> Float[Tensor, "*batch columns 3"]:
    """Return where the lids' rims lie on the eyeball, one point per column but the inner corner's.

    A third of the way from the second to the third ring: the rest of the rim, in front, is what
    one sees of the lid's thickness.
    """
    columns = torch.tensor(_TOUCHING_COLUMNS)
    inner, outer = (source_vertices[..., rim.rings[ring, columns], :] for ring in CONTACT_RINGS)
    return inner + 0.3 * (outer - inner)


def centre_of_ball(
    points: Float[Tensor, "*batch points 3"], radius: float
) -> Float[Tensor, "*batch 3"]:
    """Return the centre, behind the points, of the ball of this radius they best lie on."""
    centre = points.mean(-2) - points.new_tensor([0.0, 0.0, radius / 2])
    for _ in range(10):
        offsets = points - centre[..., None, :]
        distances = offsets.norm(dim=-1, keepdim=True)
        step = torch.linalg.lstsq(offsets / distances, distances - radius).solution
        centre = centre + step[..., 0]
    return centre


def build_eyes(
    source: AnnySource,
    reference: Float[Tensor, "verts 3"],
    modes: Float[Tensor, "modes verts 3"],
) -> tuple[PartGeometry, ...]:
    """Return `eye_left`, `eye_right`, `cornea_left` and `cornea_right` on the reference head.

    The balls keep their size; a change of identity shifts them so that the lids still lie on them
    as well as linear motion permits, which is found by fitting the ball in each of the modes.
    """
    surfaces = (("eye", eyeball_surface()), ("cornea", cornea_surface()))
    parts: list[PartGeometry] = []
    for side in SIDES:
        rim = lid_rim(source, side)
        centre = centre_of_ball(contact_points(reference, rim), EYEBALL_RADIUS)
        shifts = centre_of_ball(contact_points(reference + modes, rim), EYEBALL_RADIUS) - centre
        helper = source.group(f"helper-{side[0]}-eye").vertices
        drivers = torch.cat([rim.rings[list(CONTACT_RINGS)].flatten(), helper])
        follow = fit_joint(shifts, modes[:, drivers], drivers)
        for name, surface in surfaces:
            shape = surface if side == "left" else surface.mirrored()
            vertices = shape.vertices + centre
            parts.append(
                PartGeometry(
                    name=f"{name}_{side}",
                    material=name,
                    vertices=vertices,
                    faces=shape.faces,
                    uvs=shape.uvs,
                    uv_faces=shape.uv_faces,
                    binding=bound_rigidly(
                        follow.vertices, follow.weights, (len(vertices), len(reference))
                    ),
                    expression=gaze_expressions(vertices, centre, side),
                    joint=f"eye_{side}",
                )
            )
    return tuple(sorted(parts, key=lambda part: part.material, reverse=True))
