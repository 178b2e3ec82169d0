"""Gums: a sheet folded over the jaw's ridge, scalloped where the teeth come out of it."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.parts.arch import DentalArch, ToothPlace
from avatar.head.parts.surface import Surface, grid_faces

# Where along a tooth's half width the gum is sampled, mesial (-1) to distal.
_ACROSS = (-1.0, -0.66, -0.25, 0.25, 0.66)
_PAPILLA = 0.0042
_THICKNESS = 0.0005
# How often each row of a profile is smoothed along the arch: away from the margin the gum does not
# know the single teeth.
_SMOOTHING = (20, 12, 5, 0, 0, 0, 0, 0, 0, 5, 16, 16, 16)


def gum_surface(arch: DentalArch, places: tuple[ToothPlace, ...]) -> Surface:
    """Return the gum of both sides as one sheet from the lips' side over the ridge to the tongue's.

    Columns follow the arch from the right-most to the left-most tooth. Rows run from the fold
    behind the lip over the scalloped margin, into and across the sockets, to the palate or the
    floor of the mouth. Texture coordinates: u along the arch, v over the rows.
    """
    left = torch.stack(
        [_ridge(arch, place, across) for place in places for across in _ACROSS]
        + [_ridge(arch, places[-1], 1.12)]
    )
    flip = left.new_tensor([-1.0, 1.0, 1.0])
    left[0, :, 0] = 0.0
    ridge = _smoothed(torch.cat([left.flip(0)[:-1] * flip, left]))
    inner = _palate(arch, ridge[:, -1]) if arch.upwards > 0 else _floor(ridge[:, -1])
    sheet = torch.cat([ridge, inner], dim=1)
    columns, rows = sheet.shape[:2]
    u = torch.linspace(0, 1, columns, dtype=sheet.dtype)[:, None].expand(columns, rows)
    v = torch.linspace(0, 1, rows, dtype=sheet.dtype).expand(columns, rows)
    faces = grid_faces(columns, rows)
    if arch.upwards > 0:
        faces = faces.flip(-1)
    return Surface(
        vertices=sheet.reshape(-1, 3),
        faces=faces,
        uvs=torch.stack([u, v], dim=-1).reshape(-1, 2),
        uv_faces=faces,
    )


def _ridge(arch: DentalArch, place: ToothPlace, across: float) -> Float[Tensor, "rows 3"]:
    """Return one profile of the gum, from the lip's side over the ridge to the tongue's."""
    crown = place.crown
    between = min(1.0, abs(across)) ** 4
    rounded = min(1.0, abs(across)) ** 1.6
    margin = crown.height - _PAPILLA * between
    # The half width of the ridge follows the tooth's neck, which is round: no gum stands before it.
    half = crown.depth * 0.43 * (1 - 0.45 * rounded)
    x = crown.width / 2 * across
    fold = 0.0125 if arch.upwards > 0 else 0.0085
    out = half + _THICKNESS
    middle = 0.05 * crown.depth
    profile = [
        (crown.height + fold, out - 0.0028),
        (crown.height + fold * 0.62, out - 0.0004),
        (crown.height + fold * 0.28, out + 0.0005),
        (margin + 0.0009, out + 0.0002),
        (margin, out - 0.0006),
        (margin + 0.0006, half - 0.0013),
        (margin + 0.0006, -half + 0.0013),
        (margin, -out + 0.0006),
        (margin + 0.0009, -out - 0.0002),
        (crown.height + 0.003, -out - 0.0012),
    ]
    local = torch.tensor([(x, y, z + middle) for y, z in profile], dtype=torch.float64)
    return local @ place.axes.T + place.origin


def _smoothed(ridge: Float[Tensor, "columns rows 3"]) -> Float[Tensor, "columns rows 3"]:
    """Smooth each row along the arch as often as `_SMOOTHING` says, the ends held."""
    ridge = ridge.clone()
    for row, passes in enumerate(_SMOOTHING[: ridge.shape[1]]):
        for _ in range(passes):
            line = ridge[:, row].clone()
            ridge[1:-1, row] = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
    return ridge


def _palate(arch: DentalArch, edge: Float[Tensor, "columns 3"]) -> Float[Tensor, "columns rows 3"]:
    """Carry the upper gum on over the palate's vault to the midline."""
    front = edge[:, 2].max()
    depth = ((front - edge[:, 2]) / 0.022).clamp(0, 1)
    vault = depth * depth * (3 - 2 * depth)
    crest = torch.stack(
        [
            torch.zeros_like(depth),
            edge[:, 1] * (1 - vault) + (arch.edge_heights[0] + 0.023) * vault,
            edge[:, 2] - 0.003 - 0.12 * (edge[:, 2] + 0.02).clamp_min(0),
        ],
        dim=-1,
    )
    shares = edge.new_tensor([0.2, 0.5, 1.0])[:, None]
    rows = edge[:, None] + (crest - edge)[:, None] * shares
    rise = torch.sin(shares * (torch.pi / 2)) - shares
    rows[..., 1] += (rise * (crest - edge)[:, None, 1:2])[..., 0]
    return rows


def _floor(edge: Float[Tensor, "columns 3"]) -> Float[Tensor, "columns rows 3"]:
    """Carry the lower gum down to the floor of the mouth, under the tongue."""
    inwards = torch.nn.functional.normalize(edge * edge.new_tensor([-1.0, 0.0, -1.0]), dim=-1)
    down = edge.new_tensor([0.0, -1.0, 0.0])
    return torch.stack([edge + 0.002 * inwards + 0.006 * down], dim=1)
