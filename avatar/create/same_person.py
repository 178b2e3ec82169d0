"""Whether the photos show one person: they must, for a wrong one spoils the head."""

from collections.abc import Sequence
from itertools import combinations

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.fit.fit_photos import PhotoFitOptions, fit_photo
from avatar.fit.head_fit import HeadFit
from avatar.head.model import HeadModel

STRANGER = 1.75
"""Difference from which two faces are called two people's.

Of 9 photos of 4 people, the 10 pairs of one person reach 1.49 to 1.70, the 26 pairs of two people
1.75 to 3.0: a hint for a warning, never a proof.
"""


def same_person_warnings(observations: Sequence[Observation], model: HeadModel) -> tuple[str, ...]:
    """Return a warning that names the two photos least alike, if they seem to be two people's.

    Every photo is fitted alone, by its landmarks; the neutral faces are compared.
    """
    if len(observations) < 2:
        return ()
    options = PhotoFitOptions(hair_volume=False)
    fits = [fit_photo(observation, model, options) for observation in observations]
    pairs = list(combinations(range(len(fits)), 2))
    differences = [face_difference(fits[a], fits[b]) for a, b in pairs]
    worst = max(range(len(pairs)), key=lambda index: differences[index])
    if differences[worst] < STRANGER:
        return ()
    first, second = (observations[index].photo.name for index in pairs[worst])
    return (
        f"{first} and {second} seem to show two different people; "
        "a head should be made from photos of one person",
    )


def face_difference(first: HeadFit, second: HeadFit) -> float:
    """Return how much two neutral faces differ: 0 for the same, see `STRANGER`.

    Half the distance of the aligned faces in millimetres plus 0.3 of that of their identity
    coefficients: the one weighs large changes, the other unusual ones.
    """
    face = first.model.region("face")
    distance = 1e3 * _aligned_distance(first.neutral_vertices[face], second.neutral_vertices[face])
    unlike = float((first.identity[:40] - second.identity[:40]).norm())
    return 0.5 * distance + 0.3 * unlike


def _aligned_distance(
    source: Float[Tensor, "points 3"], target: Float[Tensor, "points 3"]
) -> float:
    """Root mean square distance after the best rotation, translation and scale (Umeyama 1991)."""
    source, target = source - source.mean(0), target - target.mean(0)
    left, singular, right = torch.linalg.svd(source.T @ target)
    sign = torch.ones(3)
    sign[2] = torch.sign(torch.linalg.det(left @ right))
    scale = (singular * sign).sum() / (source * source).sum()
    moved = scale * source @ (left * sign) @ right
    return float((moved - target).square().sum(1).mean().sqrt())
