"""Finds the faces of a picture, at any rotation and down to 24 pixels, largest first."""

import math

import torch

from avatar.capture.crop import Crop, Pyramid
from avatar.capture.detection import Detection, TracedFace, box_of, distinct
from avatar.capture.detector import FULL_RANGE, SHORT_RANGE, Candidate, detect_candidates
from avatar.capture.networks import FaceNetworks, face_networks
from avatar.capture.observation import Photo
from avatar.capture.tflite.network import one_thread
from avatar.capture.verify_faces import verify_faces

MINIMUM_FACE = 24
"""Side in pixels of the smallest face worth reporting."""

_QUARTERS = tuple(quarter * math.pi / 2 for quarter in range(4))
_SMALLEST_TILE = 300
"""Pixels; a face of 6 percent of the side is found: smaller ones than are usable, to say so."""

_SURE_SCORE = 1.4
"""Of both detectors together; profiles reach 1.49 and more."""


def detect_faces(
    photo: Photo, *, exhaustive: bool = True, device: torch.device | None = None
) -> tuple[Detection, ...]:
    """Return the faces of a photo, largest first.

    `exhaustive` looks for small faces on overlapping tiles even where larger ones were found.
    """
    device = device or photo.pixels.device
    pyramid = Pyramid(photo.pixels.to(device))
    with one_thread(), torch.no_grad():
        faces = trace_faces(pyramid, face_networks(device), exhaustive=exhaustive)
    return tuple(face.detection for face in faces)


def trace_faces(
    pyramid: Pyramid, networks: FaceNetworks, *, exhaustive: bool
) -> tuple[TracedFace, ...]:
    """Return the faces of a picture with their points, largest first.

    The whole picture is searched by both detectors at all four rotations; tiles are searched where
    that found nothing, or for an exhaustive answer.
    """
    whole = [_whole(pyramid, angle) for angle in _QUARTERS]
    near = detect_candidates(pyramid, networks.short_range, SHORT_RANGE, whole)
    far = detect_candidates(pyramid, networks.full_range, FULL_RANGE, whole)
    faces = verify_faces(pyramid, networks, near + far)
    profiles = [_profile(candidate) for candidate in _sideways(near, far)]
    side = max(pyramid.width, pyramid.height)
    while side > _SMALLEST_TILE and (exhaustive or not faces):
        side = max(side / 2, _SMALLEST_TILE)
        tiles = _tiles(pyramid, side)
        candidates = detect_candidates(pyramid, networks.full_range, FULL_RANGE, tiles)
        fresh = [
            candidate
            for candidate in candidates
            # Larger ones would have been found before; within a known head there is no other face.
            if candidate.side < side / 2
            and not any(_belongs_to(face.detection, candidate) for face in faces)
        ]
        faces = distinct([*faces, *verify_faces(pyramid, networks, fresh)])
    faces = distinct([*faces, *profiles])
    return tuple(sorted(faces, key=lambda face: -face.detection.size))


def _whole(pyramid: Pyramid, angle: float) -> Crop:
    return Crop(
        center_x=(pyramid.width - 1) / 2,
        center_y=(pyramid.height - 1) / 2,
        side=max(pyramid.width, pyramid.height),
        angle=angle,
    )


def _tiles(pyramid: Pyramid, side: float) -> list[Crop]:
    """Return square tiles that overlap by at least half and cover the picture."""

    def centers(length: int) -> list[float]:
        if length <= side:
            return [(length - 1) / 2]
        count = math.ceil((length - side) / (side / 2)) + 1
        step = (length - side) / (count - 1)
        return [side / 2 - 0.5 + index * step for index in range(count)]

    return [
        Crop(center_x=x, center_y=y, side=side)
        for y in centers(pyramid.height)
        for x in centers(pyramid.width)
    ]


def _belongs_to(detection: Detection, candidate: Candidate) -> bool:
    """Tell an ear or the like on the head of a known, larger face."""
    middle = (detection.box[:2] + detection.box[2:]) / 2
    apart = float((candidate.center - middle).norm())
    return candidate.side < 1.2 * detection.size and apart < detection.size


def _sideways(near: list[Candidate], far: list[Candidate]) -> list[Candidate]:
    """Return what both detectors take for a face whose eyes nearly coincide, best first."""

    def shared_score(candidate: Candidate) -> float:
        others = (o.score for o in far if candidate.overlap(o) > 0.4)
        return candidate.score + max(others, default=0.0)

    found = [
        candidate
        for candidate in near
        if abs(candidate.eye_distance) < 0.2 and shared_score(candidate) > _SURE_SCORE
    ]
    return sorted(found, key=lambda candidate: -candidate.score)


def _profile(candidate: Candidate) -> TracedFace:
    detection = Detection(
        box=box_of(candidate),
        keypoints=candidate.keypoints,
        score=candidate.score,
        size=candidate.side,
        roll=candidate.angle,
        is_profile=True,
    )
    return TracedFace(detection=detection, points=None, disagreement=1.0)
