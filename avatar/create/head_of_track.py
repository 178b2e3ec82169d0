"""The tracked person's own head, from the frames that show most of it."""

import math
from dataclasses import replace
from pathlib import Path

import torch

from avatar.capture.observation import Photo
from avatar.capture.read_video import open_video
from avatar.core.avatar import Avatar
from avatar.core.material import linear_from_srgb
from avatar.core.transform import rotation_vector_from_matrix
from avatar.create.options import ReconstructOptions
from avatar.create.reconstruct import Progress, reconstruct
from avatar.fit.video.track import Track

_TURNED = 0.2
"""Radians of yaw from which a frame shows something the frontal one does not."""


def head_of_track(
    video: Path,
    track: Track,
    options: ReconstructOptions | None = None,
    progress: Progress | None = None,
) -> Avatar:
    """Return the head of the person a video shows, reconstructed from up to three of its frames.

    One is seen from the front with a calm face; the others, if there are any, from either side.

    Raises:
        VideoError: the video can no longer be read.
        FaceNotFoundError: the frames show no face when looked at closely.
    """
    rows = portrait_frames(track)
    photos: list[Photo] = []
    with open_video(video) as opened:
        for row, frame in enumerate(opened.frames()):
            if row in rows:
                pixels = linear_from_srgb(frame.pixels.float() / 255)
                photos.append(Photo(pixels=pixels, name=f"{track.name} at {frame.time:.2f} s"))
            if row >= max(rows):
                break
    options = options or ReconstructOptions(name=track.name)
    fov = (
        options.fov
        if options.fov is not None
        else math.degrees(2 * math.atan(track.width / (2 * track.focal)))
    )
    return reconstruct(photos, replace(options, fov=fov), progress)


def portrait_frames(track: Track) -> tuple[int, ...]:
    """Return the numbers of the frames worth a portrait: frontal and calm, left, right."""
    turns = rotation_vector_from_matrix(track.head_turns())
    yaw, away = turns[:, 1], turns.norm(dim=1)
    cost = 1.5 * away + 0.3 * track.weights.sum(1) + 10 * track.residuals
    # Eyes should be open: they are painted from what is seen.
    cost = cost + 2 * (track.weights[:, 0] + track.weights[:, 7])
    cost = torch.where(track.seen, cost, torch.full_like(cost, torch.inf))
    chosen = [int(cost.argmin())]
    side_cost = cost - 1.5 * away
    for side in (1.0, -1.0):
        turned = (side * yaw > _TURNED) & (side * yaw < 0.8) & track.seen
        if bool(turned.any()):
            wanted = side_cost + (side * yaw - 0.5).abs() * 2
            chosen.append(int(torch.where(turned, wanted, torch.inf).argmin()))
    return tuple(sorted(set(chosen)))
