"""More splats where the picture asks for them, none where nobody sees them, within a budget."""

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.transform import matrix_from_quaternion
from avatar.gaussian.optimizer import ROW_DIMENSION
from avatar.gaussian.parameters import SplatUnknowns

LEAST_OPACITY = 0.02
"""Fainter splats go."""

GROWTH = 0.2
"""Share of the splats that may split at a time."""

SHRINK = 1.5
"""How much smaller the halves of a split splat are."""


@dataclass(frozen=True, kw_only=True)
class Regrown:
    """Splats after growing: each from a former row, `fresh` where it was split off."""

    own: SplatUnknowns
    rows: Int[Tensor, " splats"]
    fresh: Bool[Tensor, " splats"]


@torch.no_grad()
def regrow(
    own: SplatUnknowns,
    errors: Float[Tensor, " splats"],
    budget: int,
    generator: torch.Generator,
) -> Regrown:
    """Return the splats without the faint ones, and those that err most split in two.

    Halves lie where the splat was dense and together cover as much as it did (the opacity rule of
    Rota Bulo et al. 2024).
    """
    kept = (torch.sigmoid(own.opacity_logits) > LEAST_OPACITY).nonzero()[:, 0]
    room = min(budget - len(kept), round(GROWTH * len(kept)))
    split = kept[errors[kept].topk(min(max(room, 0), len(kept))).indices].sort().values
    rows = torch.cat([kept, split])
    grown = _rows(own, rows)
    halved = torch.zeros(len(own.means), dtype=torch.bool)
    halved[split] = True
    changed = halved[rows]
    fresh = torch.zeros(len(rows), dtype=torch.bool)
    fresh[len(kept) :] = True
    turns = matrix_from_quaternion(grown.rotations)
    steps = torch.randn(len(rows), 3, generator=generator) * grown.log_scales.exp() * 0.7
    away = (turns @ steps[..., None])[..., 0]
    opacity = torch.sigmoid(grown.opacity_logits)
    half = torch.logit((1 - (1 - opacity).sqrt()).clamp(1e-4, 0.999))
    shrink = torch.log(torch.tensor(SHRINK))
    return Regrown(
        own=replace(
            grown,
            means=torch.where(changed[:, None], grown.means + away, grown.means),
            log_scales=torch.where(changed[:, None], grown.log_scales - shrink, grown.log_scales),
            opacity_logits=torch.where(changed, half, grown.opacity_logits),
        ),
        rows=rows,
        fresh=fresh,
    )


def _rows(own: SplatUnknowns, rows: Int[Tensor, " rows"]) -> SplatUnknowns:
    chosen = {
        field.name: getattr(own, field.name).index_select(ROW_DIMENSION.get(field.name, 0), rows)
        for field in fields(own)
    }
    return SplatUnknowns(**chosen)
