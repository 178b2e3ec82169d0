"""Close a person's lips at rest, so that no light and no tooth shows between them."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.head.model import HeadModel
from avatar.head.parts.skin_patch import skin_patch, spread_over_patch

_OVERLAP = 0.0008
_BIN = 0.0015
# Lips further apart than this are not at rest; they are left as they are beyond it.
_LARGEST_MOVE = 0.002
# How far from the line between the lips their skin moves with it, and how far the change reaches.
_HELD = 0.0018
_REACH = 0.022


def settled_lips(model: HeadModel, vertices: Float[Tensor, "verts 3"]) -> Float[Tensor, "verts 3"]:
    """Return the neutral head with lips that touch: seen from the front, none of the mouth shows.

    Where the lower edge of the upper lip lies above the upper edge of the lower lip, or less than
    half a millimetre below it, both move halfway, and the skin around follows smoothly. Models
    without the regions `lip_upper` and `lip_lower` come back unchanged.
    """
    names = {region.name for region in model.regions}
    if not {"lip_upper", "lip_lower"} <= names:
        return vertices
    points = vertices.double()
    faces = model.part("skin").faces
    upper, lower = model.region("lip_upper"), model.region("lip_lower")
    corner = float(points[upper | lower, 0].abs().max())
    bins = 2 * int(corner / _BIN) + 1
    bottom = -_highest(points, faces, upper, bins, -1.0)
    top = _highest(points, faces, lower, bins, 1.0)
    missing = _smoothed((bottom - top + _OVERLAP).clamp(0, 2 * _LARGEST_MOVE)) / 2
    place = _bin_of(points[:, 0], bins)
    field = torch.zeros_like(points)
    near_upper = upper & (points[:, 1] < bottom[place] + _HELD)
    near_lower = lower & (points[:, 1] > top[place] - _HELD)
    field[near_upper, 1] = -missing[place[near_upper]]
    field[near_lower, 1] = missing[place[near_lower]]
    middle = points[upper | lower].mean(0)
    around = (points - middle).abs() < points.new_tensor([corner + 0.008, _REACH, _REACH])
    patch = skin_patch(model, around.all(-1))
    held = (near_upper | near_lower)[patch.members]
    spread = torch.zeros_like(points)
    spread[patch.members] = spread_over_patch(patch, field[patch.members], held, faithfulness=5e-3)
    return (points + spread).to(vertices.dtype)


def _bin_of(across: Float[Tensor, " points"], bins: int) -> Int[Tensor, " points"]:
    return (across / _BIN + bins / 2).floor().long().clamp(0, bins - 1)


def _highest(
    points: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    lip: Bool[Tensor, " verts"],
    bins: int,
    sign: float,
) -> Float[Tensor, " bins"]:
    """Return the greatest `sign * y` of a lip's triangles in bins across; gaps take neighbours'."""
    own = faces[lip[faces].all(1)]
    steps = torch.linspace(0, 1, 9, dtype=points.dtype)[:, None, None]
    start, stop = points[own], points[own.roll(-1, 1)]
    along = (start.flatten(0, 1) * (1 - steps) + stop.flatten(0, 1) * steps).flatten(0, 1)
    height = torch.full((bins,), -1.0, dtype=points.dtype)
    height.scatter_reduce_(0, _bin_of(along[:, 0], bins), sign * along[:, 1], reduce="amax")
    filled = height > -0.9
    nearest = (torch.arange(bins)[:, None] - torch.arange(bins)[filled]).abs().argmin(-1)
    return height[filled][nearest]


def _smoothed(curve: Float[Tensor, " bins"]) -> Float[Tensor, " bins"]:
    """Return a curve that is nowhere below the given one, without its jumps."""
    padded = torch.cat([curve[:1], curve, curve[-1:]])
    raised = torch.stack([padded[:-2], padded[1:-1], padded[2:]]).amax(0)
    padded = torch.cat([raised[:1], raised, raised[-1:]])
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
