"""MakeHuman's adult phenotypes: which macro targets there are and how a person weighs them.

A person is a point in (gender, age, muscle, weight, height, ancestry). Each macro target belongs
to one corner or interval end of that space and its weight is the product of the hat functions of
the values it names, so the weights of every group of targets sum to one.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

GENDERS = ("female", "male")
AGES = ("young", "old")
MUSCLES = ("minmuscle", "averagemuscle", "maxmuscle")
WEIGHTS = ("minweight", "averageweight", "maxweight")
HEIGHTS = ("minheight", "maxheight")
ANCESTRIES = ("african", "asian", "caucasian")


@dataclass(frozen=True, kw_only=True)
class Phenotypes:
    """A batch of adults: all values in [0, 1], ancestry rows sum to one.

    Gender runs from female to male, age from 25 years (0) to 90 (1); muscle, weight and height
    from the least to the most, the average at one half.
    """

    gender: Float[Tensor, " people"]
    age: Float[Tensor, " people"]
    muscle: Float[Tensor, " people"]
    weight: Float[Tensor, " people"]
    height: Float[Tensor, " people"]
    ancestry: Float[Tensor, "people 3"]


def macro_target_paths() -> list[str]:
    """Return the macro targets in the order of `macro_weights`' columns.

    Only targets that reach the head, neck or shoulders of adults are used: `proportions`, `breast`
    and the ages below 25 are left out, and height is taken at average muscle and weight.
    """
    universal = [
        f"universal-{gender}-{age}-{muscle}-{weight}"
        for gender in GENDERS
        for age in AGES
        for muscle in MUSCLES
        for weight in WEIGHTS
    ]
    ancestral = [
        f"{ancestry}-{gender}-{age}"
        for ancestry in ANCESTRIES
        for gender in GENDERS
        for age in AGES
    ]
    height = [
        f"height/{gender}-{age}-averagemuscle-averageweight-{height}"
        for gender in GENDERS
        for age in AGES
        for height in HEIGHTS
    ]
    return [
        f"mpfb2/targets/macrodetails/{name}.target.gz" for name in universal + ancestral + height
    ]


def macro_weights(people: Phenotypes) -> Float[Tensor, "people targets"]:
    """Return each person's weights of the targets of `macro_target_paths`."""
    gender = _hat(people.gender, 2)
    age = _hat(people.age, 2)
    sex_and_age = _product(gender, age)
    universal = _product(sex_and_age, _product(_hat(people.muscle, 3), _hat(people.weight, 3)))
    ancestral = _product(people.ancestry, sex_and_age)
    height = _product(sex_and_age, _hat(people.height, 2))
    return torch.cat([universal, ancestral, height], dim=1)


def _hat(value: Float[Tensor, " people"], knots: int) -> Float[Tensor, "people knots"]:
    """Return the linear interpolation weights of values in [0, 1] among equally spaced knots."""
    positions = torch.arange(knots, dtype=value.dtype)
    return (1 - (value[:, None] * (knots - 1) - positions).abs()).clamp_min(0)


def _product(
    outer: Float[Tensor, "people outer"], inner: Float[Tensor, "people inner"]
) -> Float[Tensor, "people both"]:
    """Return all products of the columns, the second factor running fastest."""
    return (outer[:, :, None] * inner[:, None, :]).flatten(1)
