"""Asks the mesh network which of the detectors' candidates are faces."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.crop import Crop, Pyramid
from avatar.capture.detection import SAME_FACE, Detection, TracedFace, box_of, distinct, overlap
from avatar.capture.detector import Candidate
from avatar.capture.head_pose import head_angles
from avatar.capture.mesh import Mesh478, crop_around, trace_mesh
from avatar.capture.networks import FaceNetworks

_MOST_DISAGREEMENT, _MOST_DISAGREEMENT_TURNED = 0.05, 0.07
"""Of the looks at one face, as a fraction of its size, and for faces turned further than `_TURNED`.

True faces of 22 to 700 pixels reach 0.042, and 0.061 when turned; what is found in noise, gravel
and motorcycles 0.047 to 0.108; a face taken for an upside-down one 0.06 and more.
"""

_TURNED = math.radians(40)

_BEYOND_DOUBT = 0.02
"""A disagreement that no face taken for an upside-down one gets near to."""

_AT_ONCE = 8

_LEAST_BELIEF = 0.45
"""Of presence times the detector's score, 0.54 and more on true faces."""


def verify_faces(
    pyramid: Pyramid, networks: FaceNetworks, candidates: list[Candidate]
) -> list[TracedFace]:
    """Ask the mesh network about the candidates, and keep one answer per face.

    A face is also detected, less surely, in pictures turned the wrong way, and the mesh network can
    then be fooled into an upside-down face: of all answers at one place the most consistent wins.
    Where the detector's favourite is beyond doubt, the others are not looked at.
    """
    ranked = sorted(candidates, key=lambda candidate: -candidate.score)
    favourites: list[Candidate] = []
    for candidate in ranked:
        if all(candidate.overlap(other) < SAME_FACE for other in favourites):
            favourites.append(candidate)
    faces = _traced(pyramid, networks, favourites)
    certain = [face.detection for face in faces if face.disagreement < _BEYOND_DOUBT]
    others = [
        candidate
        for candidate in ranked
        if not any(candidate is favourite for favourite in favourites)
        and all(overlap(box_of(candidate), known.box) < SAME_FACE for known in certain)
    ]
    faces += _traced(pyramid, networks, others)
    faces.sort(key=lambda face: face.disagreement)
    return distinct(faces)


def _traced(
    pyramid: Pyramid, networks: FaceNetworks, candidates: list[Candidate]
) -> list[TracedFace]:
    """Return the faces among the candidates, as far as the mesh network confirms them."""
    if len(candidates) > _AT_ONCE:
        rest = _traced(pyramid, networks, candidates[_AT_ONCE:])
        return _traced(pyramid, networks, candidates[:_AT_ONCE]) + rest
    if not candidates:
        return []
    crops = [
        Crop(
            center_x=float(candidate.center[0]),
            center_y=float(candidate.center[1]),
            side=1.5 * candidate.side,
            angle=candidate.angle,
        )
        for candidate in candidates
    ]
    count = len(crops)
    first = trace_mesh(pyramid, networks, crops, [False] * count)
    crops = [crop_around(points) for points in first.points]
    second = trace_mesh(pyramid, networks, crops * 2, [False] * count + [True] * count)
    faces: list[TracedFace] = []
    for index, (candidate, crop) in enumerate(zip(candidates, crops, strict=True)):
        face = _judged(candidate, crop.side / 1.5, first, second, index)
        if face is not None:
            faces.append(face)
    return faces


def _judged(
    candidate: Candidate, size: float, first: Mesh478, second: Mesh478, index: int
) -> TracedFace | None:
    """Return the face if the network is sure of it at every look, and the looks agree."""
    plain, mirrored = second.points[index], second.points[index + len(first.points)]
    shift = float((plain - first.points[index])[:, :2].norm(dim=1).mean()) / size
    parting = float((plain - mirrored)[:, :2].norm(dim=1).mean()) / size
    presence = min(
        float(first.presence[index]),
        float(second.presence[index]),
        float(second.presence[index + len(first.points)]),
    )
    points = (plain + mirrored) / 2
    _, yaw, _ = head_angles(points)
    turned = abs(yaw) > _TURNED
    most = _MOST_DISAGREEMENT_TURNED if turned else _MOST_DISAGREEMENT
    doubtful = presence < 0.5 or presence * candidate.score < _LEAST_BELIEF
    if doubtful or shift + parting > most or _is_profile(yaw, parting):
        return None
    return TracedFace(
        detection=_detection(candidate, points, size),
        points=points,
        disagreement=shift + parting,
    )


def _is_profile(yaw: float, parting: float) -> bool:
    """Tell a face so far turned that its points are guesses.

    On renders of a scanned head the network's yaw follows the true one to 60 degrees and stays
    near there (59 at 70 degrees, up to 63 at 80), while its two opinions part, by 0.015 to 0.020 at
    70 degrees, 0.025 and more from 75 on.
    """
    turn = math.degrees(abs(yaw))
    return turn > 61 or (turn > 55 and parting > 0.0245)


def _detection(candidate: Candidate, points: Float[Tensor, "478 3"], size: float) -> Detection:
    flat = points[:468, :2]
    along = flat[263] - flat[33]
    return Detection(
        box=torch.cat([flat.amin(0), flat.amax(0)]),
        keypoints=candidate.keypoints,
        score=candidate.score,
        size=size,
        roll=float(torch.atan2(along[1], along[0])),
        is_profile=False,
    )
