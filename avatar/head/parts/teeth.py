"""Teeth and gums of both jaws as parts; the lower ones move with the jaw."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.anny.source import AnnySource
from avatar.head.parts.arch import DentalArch, ToothPlace, tooth_places
from avatar.head.parts.atlas import in_gum_strip, in_tooth_cell
from avatar.head.parts.binding import bound_affinely
from avatar.head.parts.crowns import crown_surface, lower_crowns, upper_crowns
from avatar.head.parts.gums import gum_surface
from avatar.head.parts.jaw import jaw_expressions, mouth_middle
from avatar.head.parts.part import PartGeometry
from avatar.head.parts.surface import Surface, joined


def upper_arch() -> DentalArch:
    """Return the upper arch: its incisors' edges 3 mm below the line where the lips meet."""
    return DentalArch(
        crowns=upper_crowns(),
        front=0.0278,
        quadratic=7.4,
        quartic=3.05e4,
        edge_heights=(-0.00685, -0.00635, -0.00675, -0.00525, -0.00475, -0.00425, -0.00375),
        upwards=1.0,
        lean=(0.16, 0.16, 0.08, 0.0, -0.02, -0.08, -0.1),
    )


def lower_arch() -> DentalArch:
    """Return the lower arch: inside the upper one, its edges 2.5 mm higher than theirs."""
    return DentalArch(
        crowns=lower_crowns(),
        front=0.0250,
        quadratic=14.8,
        quartic=3.71e4,
        edge_heights=(-0.00425, -0.00415, -0.00395, -0.00435, -0.00455, -0.00435, -0.00395),
        upwards=-1.0,
        lean=(0.12, 0.12, 0.04, -0.06, -0.12, -0.18, -0.2),
    )


def build_teeth(
    source: AnnySource, reference: Float[Tensor, "verts 3"]
) -> tuple[PartGeometry, PartGeometry]:
    """Return `teeth_upper` and `teeth_lower`, each with its gums, on the reference head."""
    middle = mouth_middle(source, reference)
    upper = jaw_surface(upper_arch(), row=0).shifted(middle)
    lower = jaw_surface(lower_arch(), row=1).shifted(middle)
    still = torch.zeros(len(ARKIT_INDEX), len(upper.vertices), 3, dtype=torch.float64)
    return (
        _part(source, reference, "upper", upper, still),
        _part(
            source, reference, "lower", lower, jaw_expressions(source, reference, lower.vertices)
        ),
    )


def jaw_surface(arch: DentalArch, *, row: int) -> Surface:
    """Return all teeth of a jaw and its gum; `row` is the jaw's row in the texture atlas."""
    places = tooth_places(arch)
    left = joined([_tooth(place, number, row) for number, place in enumerate(places)])
    if arch.upwards < 0:
        # Roots point down: the crowns' frames are left-handed there.
        left = Surface(
            vertices=left.vertices,
            faces=left.faces.flip(-1),
            uvs=left.uvs,
            uv_faces=left.uv_faces.flip(-1),
        )
    return joined([left, left.mirrored(), in_gum_strip(gum_surface(arch, places), row)])


def _tooth(place: ToothPlace, number: int, row: int) -> Surface:
    crown = crown_surface(place.crown)
    moved = crown.moved_to(crown.vertices @ place.axes.T + place.origin)
    return in_tooth_cell(moved, number, row)


def _part(
    source: AnnySource,
    reference: Float[Tensor, "verts 3"],
    jaw: str,
    surface: Surface,
    expression: Float[Tensor, "52 points 3"],
) -> PartGeometry:
    drivers = source.group(f"helper-{jaw}-teeth").vertices
    return PartGeometry(
        name=f"teeth_{jaw}",
        material="teeth",
        vertices=surface.vertices,
        faces=surface.faces,
        uvs=surface.uvs,
        uv_faces=surface.uv_faces,
        binding=bound_affinely(drivers, reference, surface.vertices),
        expression=expression,
        joint="head",
    )
