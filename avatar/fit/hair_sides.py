"""What hairlines at the temples have in common: both sides alike, and hair all the way behind."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.head.model import HeadModel

ASIDE = (0.04, 0.055)
"""Distance from the middle of the head (metres) over which hairlines become alike on both sides."""

LEVEL = 0.006
"""The hairline at the side is looked for in bands so high, metres."""

LEAST_HAIR = 3
"""How many vertices of a band must be hair to start a hairline."""


def evidence_of_both_sides(
    model: HeadModel, says: Float[Tensor, " verts"], weight: Float[Tensor, " verts"]
) -> tuple[Float[Tensor, " verts"], Float[Tensor, " verts"], Float[Tensor, " verts"]]:
    """Return what photos say, how surely, and how far the two sides of the head are in dispute.

    `says` is the likelihood of hair times the `weight` of the evidence. A fringe may fall to one
    side, but temples and sideburns grow alike on both: what one side shows counts for the other.
    """
    if model.mirror is None:
        return says, weight, torch.zeros_like(says)
    aside = _aside(model)
    share = says / weight.clamp_min(1e-6)
    sure = torch.minimum(weight, weight[model.mirror]).clamp(0, 1)
    dispute = aside * sure * (share - share[model.mirror]).abs()
    says = says + aside * says[model.mirror]
    return says, weight + aside * weight[model.mirror], dispute


def covered_behind_hairline(
    model: HeadModel, amount: Float[Tensor, " verts"], possible: Bool[Tensor, " verts"]
) -> Float[Tensor, " verts"]:
    """Return how far hair covers each vertex with no bare skin behind hair at the sides.

    Grey hair in the shade looks like skin; but whoever has hair at the temple has it from there to
    the ear and on to the back. `possible` are the vertices where hair can grow.
    """
    side = possible & (_aside(model) > 0.5)
    _, y, z = model.template.unbind(1)
    found = side & (amount > 0.6)
    if not bool(found.any()):
        return amount
    lowest = y[side].min()
    band = ((y - lowest) / LEVEL).long().clamp_min(0)
    count = int(band[side].max()) + 1
    line = torch.full((count,), -1.0)
    line = line.scatter_reduce(0, band[found], z[found], "amax")
    line[torch.bincount(band[found], minlength=count) < LEAST_HAIR] = -1.0
    # Halfway between its neighbours where one band juts out: a hairline runs on.
    padded = torch.cat([line[:1], line, line[-1:]])
    line = torch.minimum(line, torch.maximum(padded[:-2], padded[2:]))
    band = band.clamp_max(count - 1)
    return torch.where(side & (z < line[band]), torch.ones_like(amount), amount)


def _aside(model: HeadModel) -> Float[Tensor, " verts"]:
    near, far = ASIDE
    return ((model.template[:, 0].abs() - near) / (far - near)).clamp(0, 1)
