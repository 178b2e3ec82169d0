"""A recording onto our head, filmed, tracked, and written as a recording again."""

from collections.abc import Iterator
from pathlib import Path

import torch

from avatar.animation.film import film_frames
from avatar.animation.film_options import FilmOptions
from avatar.animation.live_link import read_live_link, write_live_link
from avatar.animation.resample import resample
from avatar.animation.retarget import onto_joints
from avatar.capture.read_video import VideoFrame
from avatar.core.arkit import ARKIT_NAMES
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.create.track_video import follow_frames, track_face

_MOVED = 0.15
"""Coefficients that move by less say nothing."""


def round_trip(clip: Clip, head: Avatar, folder: Path, fps: int, size: int = 256) -> Clip:
    """Return what a track of the filmed clip says, after writing and reading it as CSV."""
    options = FilmOptions(size=size, fps=fps, samples=4)
    played = onto_joints(clip, head.rig.joint_names)
    track = track_face(follow_frames(_filmed(played, head, options), "round trip"))
    path = folder / "tracked.csv"
    write_live_link(track.clip(), path)
    return read_live_link(path)


def curve_correlations(found: Clip, truth: Clip) -> dict[str, float]:
    """Return the correlation over time of every coefficient that moves, best first."""
    there = resample(truth, found.times + truth.times[0]).weights.double()
    own = found.weights.double()
    result = {
        name: float(torch.corrcoef(torch.stack([own[:, i], there[:, i]]))[0, 1])
        for i, name in enumerate(ARKIT_NAMES)
        if float(there[:, i].max() - there[:, i].min()) > _MOVED and float(own[:, i].std()) > 0
    }
    return dict(sorted(result.items(), key=lambda entry: -entry[1]))


def _filmed(clip: Clip, head: Avatar, options: FilmOptions) -> Iterator[VideoFrame]:
    for number, picture in enumerate(film_frames(head, clip, options)):
        yield VideoFrame(pixels=torch.from_numpy(picture.copy()), time=number / options.fps)
