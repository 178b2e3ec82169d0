"""Which frames training looks at: rare expressions more often than usual ones."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.gaussian.take import Take

MOST_OFTEN = 3.0
"""How much more often the rarest frame is looked at than the most usual one."""

_NEIGHBOURS = 6


def frame_weights(take: Take) -> Float[Tensor, " frames"]:
    """Return how often each frame should be looked at, 1 to `MOST_OFTEN`.

    Rare is what has its nearest frames, by coefficients, far away.
    """
    if len(take) <= _NEIGHBOURS:
        return torch.ones(len(take))
    apart = torch.cdist(take.weights, take.weights)
    lonely = apart.topk(_NEIGHBOURS + 1, largest=False).values[:, -1]
    return (lonely / lonely.median().clamp_min(1e-6)).clamp(1, MOST_OFTEN)


def frame_order(
    weights: Float[Tensor, " frames"], steps: int, generator: torch.Generator
) -> Int[Tensor, " steps"]:
    """Return a frame for every step: in each round about all of them, shuffled."""
    rounds: list[Tensor] = []
    total = 0
    while total < steps:
        # The fractional part of a frame's weight is its chance to be seen once more in a round.
        times = (weights + torch.rand(len(weights), generator=generator)).floor().long()
        frames = torch.arange(len(weights)).repeat_interleave(times)
        rounds.append(frames[torch.randperm(len(frames), generator=generator)])
        total += len(frames)
    return torch.cat(rounds)[:steps]
