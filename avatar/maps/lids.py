"""Upper lids: what an open eye folds away and a blink draws out again."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.model import HeadModel

FOLDED = (0.2, 0.55)
"""Of the largest move in a blink, what a lid's vertex moves if it lies in the fold, from and to."""

CREASE_DEPTH = 0.12
"""How much darker the skin is in the crease above the lid."""


def folded_lids(model: HeadModel) -> Float[Tensor, " verts"]:
    """Return 1 on the skin that an open eye's upper lid folds away, 0 off it, a ramp at the crease.

    Photos of open eyes show it squeezed into a line, if at all: drawn out over a closed eye,
    lashes, shine and iris become blotches.
    """
    start, full = FOLDED
    share = (_blink_share(model) - start) / (full - start)
    share = share.clamp(0, 1) * model.region("eyelids")
    return share * share * (3 - 2 * share)


def crease_shade(folded: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return the factor that darkens the soft crease where the fold begins."""
    return 1 - CREASE_DEPTH * (4 * folded * (1 - folded)).clamp(0, 1)


def _blink_share(model: HeadModel) -> Float[Tensor, " verts"]:
    """Return how far blinking moves each vertex, as a share of what it moves the farthest one."""
    moves = torch.zeros(len(model.template))
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        moves = torch.maximum(moves, model.expression_basis[ARKIT_INDEX[name]].norm(dim=-1))
    return moves / moves.amax().clamp_min(1e-6)
