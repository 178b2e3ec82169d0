"""The adults the identity prior describes: a stated distribution of phenotypes.

Sex is even and mostly unambiguous; age runs from 25 to 90 and thins out evenly; ancestry is mostly
of one kind with some admixture; muscle, weight and height spread around the average.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.anny.phenotypes import Phenotypes

_SEX_CLARITY = 4.0
_ANCESTRY_SPREAD = 1.5
# MakeHuman scales the head with the body; among adults the head varies much less than the body.
_MEAN_HEIGHT = 0.42
_HEIGHT_SPREAD = 0.25


def sample_adults(people: int, generator: torch.Generator) -> Phenotypes:
    """Draw adults; the same generator state gives the same people.

    Sex is a fair coin whose clarity is the fourth root of a uniform; age is
    the smaller of two uniforms; ancestry a softmax of normals with deviation 1.5; muscle and weight
    means of two uniforms, height of four.
    """
    male = _uniform(people, 1, generator) < 0.5
    clarity = _uniform(people, 1, generator) ** (1 / _SEX_CLARITY)
    ancestry = torch.randn(people, 3, generator=generator, dtype=torch.float64)
    return Phenotypes(
        gender=torch.where(male, 0.5 + clarity / 2, 0.5 - clarity / 2)[:, 0],
        age=_uniform(people, 2, generator).min(1).values,
        muscle=_uniform(people, 2, generator).mean(1),
        weight=_uniform(people, 2, generator).mean(1),
        height=_MEAN_HEIGHT + _HEIGHT_SPREAD * (_uniform(people, 4, generator).mean(1) - 0.5),
        ancestry=(ancestry * _ANCESTRY_SPREAD).softmax(1),
    )


def _uniform(people: int, draws: int, generator: torch.Generator) -> Float[Tensor, "people draws"]:
    return torch.rand(people, draws, generator=generator, dtype=torch.float64)
