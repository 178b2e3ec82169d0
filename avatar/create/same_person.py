"""Whether the photos show one person: they must, for a wrong one spoils the head."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.fit.fit_photos import PhotoFitOptions, fit_photo
from avatar.fit.head_fit import HeadFit
from avatar.head.model import HeadModel
from avatar.maps.eyes import iris_color

STRANGER = 2.45
"""Difference from which two faces are called two people's.

Of 13 photos of 4 people, none of the 25 pairs of one person reaches it (the highest is 2.37), and
44 of the 53 pairs of two people do: a hint for a warning, never a proof.
"""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What tells people apart in a photo: neutral face, its colour, and that of the irises."""

    fit: HeadFit
    iris: Float[Tensor, "3"]


def same_person_warnings(observations: Sequence[Observation], model: HeadModel) -> tuple[str, ...]:
    """Return a warning that names the two photos least alike, if they seem to be two people's.

    Every photo is fitted alone, by its landmarks; neutral faces, skins and irises are compared.
    """
    if len(observations) < 2:
        return ()
    options = PhotoFitOptions(hair_volume=False)
    faces: list[Likeness] = []
    for observation in observations:
        fit = fit_photo(observation, model, options)
        faces.append(Likeness(fit=fit, iris=iris_color(fit, [observation])))
    pairs = list(combinations(range(len(faces)), 2))
    differences = [face_difference(faces[a], faces[b]) for a, b in pairs]
    worst = max(range(len(pairs)), key=lambda index: differences[index])
    if differences[worst] < STRANGER:
        return ()
    first, second = (observations[index].photo.name for index in pairs[worst])
    return (
        f"{first} and {second} seem to show two different people, or one in very different light; "
        "a head should be made from photos of one person",
    )


def face_difference(first: Likeness, second: Likeness) -> float:
    """Return how much two faces differ: 0 for the same, see `STRANGER`.

    The distance of the aligned neutral faces in millimetres and that of their identity
    coefficients say less than the hues of skin and irises do, which light changes too: so each has
    its say, and none of the hues more than a little.
    """
    face = first.fit.model.region("face")
    neutral = [like.fit.neutral_vertices[face] for like in (first, second)]
    distance = 1e3 * _aligned_distance(neutral[0], neutral[1])
    unlike = float((first.fit.identity[:40] - second.fit.identity[:40]).norm())
    skin = _hue_distance(first.fit.albedo[face].mean(0), second.fit.albedo[face].mean(0))
    iris = _hue_distance(first.iris, second.iris)
    return 0.3 * distance + 0.15 * unlike + 3 * min(skin, 0.4) + min(iris, 1.0)


def _hue_distance(first: Float[Tensor, "3"], second: Float[Tensor, "3"]) -> float:
    """Return the distance of two colours' logarithms, brightness left out."""
    first, second = first.clamp_min(1e-4), second.clamp_min(1e-4)
    return float(((first / first.sum()).log() - (second / second.sum()).log()).norm())


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
