"""Eyelashes: strips of textured cards that grow from the lids' front edges and ride on them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.head.anny.source import AnnySource
from avatar.head.parts.binding import bound_by_weights
from avatar.head.parts.lash_texture import LINE
from avatar.head.parts.part import PartGeometry
from avatar.head.parts.rims import SIDES, LidRim, Side, lid_rim, on_lid
from avatar.head.parts.surface import Surface, grid_faces, joined

LASH_ROWS = 4


@dataclass(frozen=True, kw_only=True)
class LashStrip:
    """A row of lashes: where it grows, how long it is and how it bends.

    `columns` are the first and last grid column of the lid (descending for the lower lid), `ring`
    the ring they grow from. `curve` gives for each row how far it stands out of and above its
    root, as shares of the length; `lengths` are metres at the nose, middle and temple. `u` and
    `root_v` tell the piece of the texture shown: the lower lid's roots make no dark line.
    """

    columns: tuple[float, float]
    ring: float
    count: int
    curve: tuple[tuple[float, float], ...]
    lengths: tuple[float, float, float]
    u: tuple[float, float]
    root_v: float = 1.0


UPPER_CURVE = ((0.0, 0.0), (0.31, 0.0), (0.60, 0.17), (0.80, 0.46))
LOWER_CURVE = ((0.0, 0.0), (0.32, -0.08), (0.62, -0.27), (0.84, -0.58))
# One strip per lid: where a renderer keeps one fragment per pixel, a second would be hidden.
STRIPS = (
    LashStrip(
        columns=(-3.2, 7.2),
        ring=2.95,
        count=24,
        curve=UPPER_CURVE,
        lengths=(0.0055, 0.0085, 0.0085),
        u=(0.0, 1.0),
    ),
    LashStrip(
        columns=(18.6, 9.0),
        ring=3.05,
        count=18,
        curve=LOWER_CURVE,
        lengths=(0.0025, 0.0034, 0.004),
        u=(0.1, 0.75),
        root_v=1 - LINE,
    ),
)


def build_lashes(
    source: AnnySource, reference: Float[Tensor, "verts 3"]
) -> tuple[PartGeometry, PartGeometry]:
    """Return `lashes_left` and `lashes_right` on the reference head."""
    left, right = (_side(source, reference, side) for side in SIDES)
    return left, right


def lash_roots() -> Int[Tensor, " points"]:
    """Return for each vertex of a side's lashes the vertex of its root."""
    roots: list[Tensor] = []
    start = 0
    for strip in STRIPS:
        roots.append((torch.arange(strip.count) + start).repeat(LASH_ROWS))
        start += LASH_ROWS * strip.count
    return torch.cat(roots)


def _side(source: AnnySource, reference: Float[Tensor, "verts 3"], side: Side) -> PartGeometry:
    rim = lid_rim(source, side)
    ball = reference[rim.rings[1]].mean(0) - reference.new_tensor([0.0, 0.0, 0.009])
    strips: list[Surface] = []
    rings: list[Tensor] = []
    columns: list[Tensor] = []
    for strip in STRIPS:
        across = torch.linspace(*strip.columns, strip.count, dtype=torch.float64)
        drivers, weights = on_lid(rim, torch.full_like(across, strip.ring), across)
        roots = (reference[drivers] * weights[..., None]).sum(1)
        surface = _strip_surface(strip, roots, ball)
        strips.append(surface if side == "left" else _flipped(surface))
        rings.append(torch.full((LASH_ROWS * strip.count,), strip.ring, dtype=torch.float64))
        columns.append(across.repeat(LASH_ROWS))
    surface = joined(strips)
    ring, column = torch.cat(rings), torch.cat(columns)
    drivers, weights = on_lid(rim, ring, column)
    return PartGeometry(
        name=f"lashes_{side}",
        material="lashes",
        vertices=surface.vertices,
        faces=surface.faces,
        uvs=surface.uvs,
        uv_faces=surface.uv_faces,
        binding=bound_by_weights(drivers, weights, len(reference)),
        expression=_expressions(source, reference, rim, (ring, column), surface.vertices),
        joint="head",
    )


def _flipped(surface: Surface) -> Surface:
    return Surface(
        vertices=surface.vertices,
        faces=surface.faces.flip(-1),
        uvs=surface.uvs,
        uv_faces=surface.uv_faces.flip(-1),
    )


def _strip_surface(
    strip: LashStrip, roots: Float[Tensor, "count 3"], ball: Float[Tensor, "3"]
) -> Surface:
    """Return the strip as a grid, roots first; lashes fan out from the eyeball's middle."""
    out = roots - ball
    out = torch.nn.functional.normalize(out * out.new_tensor([1.0, 0.0, 1.15]), dim=-1)
    up = out.new_tensor([0.0, 1.0, 0.0])
    share = torch.linspace(0, 1, strip.count, dtype=torch.float64)
    start, middle, end = strip.lengths
    length = start * (1 - share) ** 2 + 2 * middle * share * (1 - share) + end * share**2
    length = torch.where(share > 0.5, torch.maximum(length, middle + 0 * length), length)
    # Lashes shorten quickly at both ends of the row.
    length = length * (share / 0.12).clamp(0.35, 1) * ((1 - share) / 0.08).clamp(0.35, 1)
    curve = out.new_tensor(strip.curve)
    offsets = length[None, :, None] * (curve[:, None, :1] * out + curve[:, None, 1:] * up)
    u = strip.u[0] + (strip.u[1] - strip.u[0]) * share
    v = torch.linspace(strip.root_v, 0, LASH_ROWS, dtype=torch.float64)
    uvs = torch.stack([u.expand(LASH_ROWS, -1), v[:, None].expand(-1, strip.count)], dim=-1)
    faces = grid_faces(LASH_ROWS, strip.count).flip(-1)
    return Surface(
        vertices=(roots + offsets).flatten(0, 1), faces=faces, uvs=uvs.flatten(0, 1), uv_faces=faces
    )


def _expressions(
    source: AnnySource,
    reference: Float[Tensor, "verts 3"],
    rim: LidRim,
    grid: tuple[Float[Tensor, " points"], Float[Tensor, " points"]],
    vertices: Float[Tensor, "points 3"],
) -> Float[Tensor, "52 points 3"]:
    """Return the displacements: each lash moves with its root and turns with the lid there."""
    rest_root, rest_frame = _lid_frames(reference, rim, grid)
    roots, frames = _lid_frames(reference + source.expressions, rim, grid)
    offsets = rest_frame.transpose(-1, -2) @ (vertices - rest_root)[..., None]
    return roots + (frames @ offsets)[..., 0] - vertices


def _lid_frames(
    positions: Float[Tensor, "*batch verts 3"],
    rim: LidRim,
    grid: tuple[Float[Tensor, " points"], Float[Tensor, " points"]],
) -> tuple[Float[Tensor, "*batch points 3"], Float[Tensor, "*batch points 3 3"]]:
    """Return points of the lid and orthonormal frames there: along the rim, through it, across."""
    ring, column = grid

    def at(ring: Float[Tensor, " points"], column: Float[Tensor, " points"]) -> Tensor:
        drivers, weights = on_lid(rim, ring, column)
        return (positions[..., drivers, :] * weights[..., None]).sum(-2)

    along = at(ring, column + 0.5) - at(ring, column - 0.5)
    along = torch.nn.functional.normalize(along, dim=-1)
    through = at(torch.full_like(ring, 3.6), column) - at(torch.full_like(ring, 1.2), column)
    through = through - (through * along).sum(-1, keepdim=True) * along
    through = torch.nn.functional.normalize(through, dim=-1)
    across = torch.linalg.cross(along, through)
    return at(ring, column), torch.stack([along, through, across], dim=-1)
