"""A face found in a picture, and how far two of them are the same."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.detector import Candidate

SAME_FACE = 0.5
"""Shared part of the smaller of two boxes above which both show one face."""


@dataclass(frozen=True, kw_only=True)
class Detection:
    """A face in a picture.

    `box` is (left, top, right, bottom) in pixels, in the convention of `avatar.core.camera`.
    `keypoints` are the subject's right eye, left eye, nose tip, mouth, right ear, left ear. `score`
    in [0, 1]; `size` is the face's longer side in pixels, chin to forehead or cheek to cheek;
    `roll` is the angle from the picture's +x to the line from right to left eye, towards +y.
    `is_profile` tells a face seen so far from the side that no landmarks can be found on it.
    """

    box: Float[Tensor, "4"]
    keypoints: Float[Tensor, "6 2"]
    score: float
    size: float
    roll: float
    is_profile: bool


@dataclass(frozen=True, kw_only=True)
class TracedFace:
    """A detection and, unless it is a profile, its 478 points (x, y, depth) in pixels.

    `disagreement` says how far the network's looks at the face differ: the mean distance between
    the first and second, plus that between the second and its mirror image, by the face's size.
    """

    detection: Detection
    points: Float[Tensor, "478 3"] | None
    disagreement: float


def distinct(faces: list[TracedFace]) -> list[TracedFace]:
    """Keep the first of all faces at one place; the list is ordered best first."""
    kept: list[TracedFace] = []
    for face in faces:
        boxes = [other.detection.box for other in kept]
        if all(overlap(face.detection.box, box) < SAME_FACE for box in boxes):
            kept.append(face)
    return kept


def box_of(candidate: Candidate) -> Float[Tensor, "4"]:
    """Return a candidate's square as (left, top, right, bottom), level whatever its angle."""
    half = candidate.side / 2
    return torch.cat([candidate.center - half, candidate.center + half])


def overlap(a: Float[Tensor, "4"], b: Float[Tensor, "4"]) -> float:
    """Return the shared area as a fraction of the smaller box: parts of a face are no faces."""
    shared = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp_min(0).prod()
    smaller = torch.minimum((a[2:] - a[:2]).prod(), (b[2:] - b[:2]).prod())
    return float(shared / smaller.clamp_min(1e-12))
