"""A video to a performance: one person's shape, and pose and expression frame by frame."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from avatar.capture.brow_picture import brow_picture
from avatar.capture.follow_face import FaceFollower, FaceTrace, FollowOptions
from avatar.capture.read_video import VideoFrame, open_video
from avatar.core.errors import FaceNotFoundError
from avatar.core.transform import Transform
from avatar.create.track_options import TrackOptions
from avatar.fit.lids import LidOpening
from avatar.fit.state import POSE_SIZE
from avatar.fit.video.brow_surface import brow_surface
from avatar.fit.video.brow_texture import brows_by_texture
from avatar.fit.video.correctives import corrected
from avatar.fit.video.fit_frame import FrameFit, FrameFitter
from avatar.fit.video.person import Person, calibrate_person
from avatar.fit.video.smooth import poses_to_vectors, smooth_curves, vectors_to_poses
from avatar.fit.video.track import Track
from avatar.head.registry import load_model

_ENOUGH = 200
"""Frames that tell how a person's lids open."""

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of the whole is finished, in [0, 1]."""

_STRANGER = 1.75
"""A shot whose landmarks fit this many times worse than the longest one's shows someone else."""

_STRANGER_RESIDUAL = 0.017
"""Of the inter-iris distance: below it, nobody is a stranger.

Three people calibrated on one video fit their other videos at 0.011 to 0.015, 1.1 to 1.5 times what
they fit their own; other people fit at 0.019 and more, 2.1 times and more.
"""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A video's frames as far as they are needed to track: the face's points, None without it.

    `most_faces` are the most faces that any one frame shows, as far as was looked.
    """

    name: str
    times: tuple[float, ...]
    traces: tuple[FaceTrace | None, ...]
    most_faces: int = 0
    warnings: tuple[str, ...] = ()


def track_video(
    path: str | Path, options: TrackOptions | None = None, progress: Progress | None = None
) -> Track:
    """Return the performance of one face in a video.

    Frames in which the face is not seen, or is someone else's, are marked in `Track.seen`.

    Raises:
        VideoError: the file is no video that can be read.
        FaceNotFoundError: no frame shows a face that can be followed.
        ModelError: the head model is not there or has no landmarks to fit.
        OptionError: an option that makes no sense.
    """
    options = options or TrackOptions()
    told = progress or _silent
    with open_video(path) as video:

        def read(time: float) -> None:
            told("following the face", 0.55 * min(1.0, time / (video.duration or 60.0)))

        followed = follow_frames(video.frames(), video.name, options, read)
        followed = replace(followed, warnings=tuple(video.warnings))
    return track_face(followed, options, progress)


def follow_frames(
    frames: Iterable[VideoFrame],
    name: str,
    options: TrackOptions | None = None,
    read: Callable[[float], None] | None = None,
) -> Followed:
    """Return a face's points in all frames; `read` is told each frame's time."""
    options = options or TrackOptions()
    follower = FaceFollower(FollowOptions(face=options.face, views=options.views))
    times: list[float] = []
    traces: list[FaceTrace | None] = []
    for frame in frames:
        times.append(frame.time)
        trace = follower.follow(frame)
        if trace is not None and options.brow_texture:
            trace = replace(trace, brows=brow_picture(frame, trace.points))
        traces.append(trace)
        if read is not None:
            read(frame.time)
    return Followed(
        name=name,
        times=tuple(times),
        traces=tuple(traces),
        most_faces=follower.most_faces,
    )


def track_face(
    followed: Followed, options: TrackOptions | None = None, progress: Progress | None = None
) -> Track:
    """Return the performance of a face that was followed; raises as `track_video`."""
    options = options or TrackOptions()
    told = progress or _silent
    name, times, traces = followed.name, followed.times, followed.traces
    if not any(trace is not None for trace in traces):
        if followed.most_faces:
            raise FaceNotFoundError(
                f"face: expected at most {followed.most_faces}, since no frame of {name} shows "
                f"more faces; got {options.face}"
            )
        raise FaceNotFoundError(
            f"{name}: no face found in {len(times)} frames; expected one of at least 24 pixels, "
            "seen from within 70 degrees of the front"
        )
    told("head model", 0.55)
    model = load_model(options.model)
    told("calibrating to the person", 0.58)
    longest = _longest_shot(traces)
    person = calibrate_person(
        [t for t in traces if t is not None and t.shot == longest], model, options.fov
    )
    fits = _fitted(person, traces, told)
    strangers = _strangers(traces, fits, longest)
    fits = [
        None if t is not None and t.shot in strangers else fit
        for t, fit in zip(traces, fits, strict=True)
    ]
    warnings = [*followed.warnings, *_stranger_warnings(followed, strangers)]
    warnings += _gaps(name, times, fits)
    if options.brow_texture:
        fits = brows_by_texture(
            brow_surface(model, person.neutral_vertices),
            traces,
            fits,
            told=lambda done: told("settling the brows", 0.87 + 0.1 * done),
        )
    track = _assembled(followed, person, fits)
    if options.smooth:
        told("smoothing", 0.97)
        track = corrected(_smoothed(track, fits), traces)
    return replace(track, warnings=tuple(warnings))


def _stranger_warnings(followed: Followed, strangers: list[int]) -> list[str]:
    starts = [
        next(t.time for t in followed.traces if t is not None and t.shot == shot)
        for shot in strangers
    ]
    return [
        f"{followed.name}: from {start:.2f} s on, after a cut, someone else is seen; left out"
        for start in starts
    ]


def _fitted(
    person: Person, traces: Sequence[FaceTrace | None], told: Progress
) -> list[FrameFit | None]:
    """Fit every frame, each from the one before, once it is known how this person's lids open."""
    some = [trace for trace in traces if trace is not None]
    some = some[:: max(1, len(some) // _ENOUGH)]
    first = FrameFitter(person)
    ratios: list[Tensor] = []
    nearby: FrameFit | None = None
    for trace in some:
        nearby = first.fit(trace, None if nearby is None else nearby.photo)
        ratios.append(nearby.lid_ratios)
    fitter = FrameFitter(person, opening=LidOpening.of(torch.stack(ratios)))
    fits: list[FrameFit | None] = []
    before: FrameFit | None = None
    for index, trace in enumerate(traces):
        if trace is None or trace.found:
            before = None
        if trace is not None:
            before = fitter.fit(trace, None if before is None else before.photo)
        fits.append(before)
        told("fitting the frames", 0.6 + 0.27 * index / len(traces))
    return fits


def _longest_shot(traces: Sequence[FaceTrace | None]) -> int:
    shots = torch.tensor([trace.shot for trace in traces if trace is not None])
    return int(shots.mode().values)


def _strangers(
    traces: Sequence[FaceTrace | None], fits: list[FrameFit | None], known: int
) -> list[int]:
    """Return the shots in which the known person's face does not fit."""
    by_shot: dict[int, list[float]] = {}
    for trace, fit in zip(traces, fits, strict=True):
        if trace is not None and fit is not None:
            by_shot.setdefault(trace.shot, []).append(_relative(trace, fit))
    middle = {shot: float(torch.tensor(values).median()) for shot, values in by_shot.items()}
    most = max(_STRANGER_RESIDUAL, _STRANGER * middle[known])
    return [shot for shot, value in middle.items() if value > most]


def _relative(trace: FaceTrace, fit: FrameFit) -> float:
    return fit.residual / float((trace.points[468, :2] - trace.points[473, :2]).norm())


def _gaps(name: str, times: Sequence[float], fits: list[FrameFit | None]) -> list[str]:
    missing = sum(fit is None for fit in fits)
    if not missing:
        return []
    first = next(time for time, fit in zip(times, fits, strict=True) if fit is None)
    return [
        f"{name}: {missing} of {len(fits)} frames are without the face, the first at {first:.2f} s;"
        " they have no keys"
    ]


def _assembled(followed: Followed, person: Person, fits: list[FrameFit | None]) -> Track:
    blank = torch.eye(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    rotations, translations = zip(
        *(
            blank
            if fit is None
            else (fit.photo.camera_from_head.rotation, fit.photo.camera_from_head.translation)
            for fit in fits
        ),
        strict=True,
    )

    def rows(values: list[Tensor | None], like: Tensor) -> Tensor:
        empty = torch.zeros_like(like)
        return torch.stack([empty if value is None else value for value in values])

    return Track(
        name=Path(followed.name).stem,
        model=person.model,
        identity=person.identity.float(),
        focal=person.focal,
        width=person.width,
        height=person.height,
        times=torch.tensor(followed.times, dtype=torch.float64),
        seen=torch.tensor([fit is not None for fit in fits]),
        weights=rows(
            [None if f is None else f.photo.expression.float() for f in fits], torch.zeros(52)
        ),
        camera_from_head=Transform(
            rotation=torch.stack(rotations), translation=torch.stack(translations)
        ),
        gaze=rows([None if f is None else f.gaze.float() for f in fits], torch.zeros(2, 2)),
        residuals=torch.tensor(
            [
                0.0 if f is None or t is None else _relative(t, f)
                for t, f in zip(followed.traces, fits, strict=True)
            ]
        ),
        shots=torch.tensor([-1 if t is None else t.shot for t in followed.traces]),
    )


def _smoothed(track: Track, fits: list[FrameFit | None]) -> Track:
    rows = track.seen.nonzero()[:, 0]
    poses = Transform(
        rotation=track.camera_from_head.rotation[rows],
        translation=track.camera_from_head.translation[rows],
    )
    vectors, middle = poses_to_vectors(poses)
    curves = torch.cat([vectors, track.weights[rows].double()], 1)
    information = torch.stack([fit.information for fit in fits if fit is not None])
    # A cut parts what must not be smoothed together, as a pause does.
    apart = track.times[rows] + 10.0 * track.shots[rows]
    curves = smooth_curves(apart, curves, information)
    poses = vectors_to_poses(curves[:, :POSE_SIZE], middle)
    weights = track.weights.clone()
    weights[rows] = curves[:, POSE_SIZE:].clamp(0, 1).to(weights)
    rotation = track.camera_from_head.rotation.index_copy(0, rows, poses.rotation)
    translation = track.camera_from_head.translation.index_copy(0, rows, poses.translation)
    return replace(
        track,
        weights=weights,
        camera_from_head=Transform(rotation=rotation, translation=translation),
    )


def _silent(stage: str, done: float) -> None:
    """Report nothing."""
    del stage, done
