"""How well a performance is tracked: against films of known truth, and on real videos.

    python -m tests.benchmarks.bench_track [--seconds 8] [--videos] [--update]

Films: ICT-FaceKit heads, painted and lit by a wandering lamp, go through the test animation and
play recordings of a phone's face tracker; rendered by this project's own renderer, tracked with the
default model. Correlations are of groups of coefficients; errors of pose are after the two models'
fixed difference of frames. A take has one identity; how well the film settles it is told by how far
the neutral face that each half of the film gives by itself lies from the whole film's.
Videos: residuals, calm against the same track unsmoothed, and how many of the blinks and closed
lips that the landmarks show the mesh shows too.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from avatar.animation.live_link import read_live_link
from avatar.animation.resample import resample
from avatar.capture.read_video import open_video
from avatar.core.clip import Clip
from avatar.core.rig import Rig
from avatar.core.transform import Transform, matrix_from_quaternion
from avatar.create.default_head import default_head
from avatar.create.track_options import TrackOptions
from avatar.create.track_video import Followed, follow_frames, track_face
from avatar.export.exercise_clip import exercise_clip
from avatar.fit.fit_landmarks import FACE_POINTS
from avatar.fit.video.person import calibrate_person
from avatar.fit.video.smooth import poses_to_vectors
from avatar.fit.video.track import Track
from tests.benchmarks.metric import Metric, gate
from tests.benchmarks.tracking.filmed_head import FOV, FilmedHead, Take, take_of
from tests.benchmarks.tracking.measure import (
    Apertures,
    closings,
    group_correlations,
    jitter,
    pose_errors,
    shape_distance,
    still_stretches,
)

RECORDINGS = ("livelink_164.csv", "livelink_167.csv")
RATE = 25.0


def recorded_take(path: Path, seconds: float) -> Take:
    """Return the liveliest stretch of a recording."""
    clip = read_live_link(path)
    times = torch.arange(int(float(clip.times[-1]) * RATE)) / RATE
    clip = resample(clip, times)
    count = min(int(seconds * RATE), len(times))
    moved = clip.weights.diff(dim=0).abs().sum(1)
    heard = moved.cumsum(0)
    best = int((heard[count - 1 :] - heard[: len(heard) - count + 1]).argmax())
    return _take(replace(clip, times=times - times[best]), slice(best, best + count))


def exercise_take(rig: Rig) -> Take:
    """Return eight seconds in which blinks, jaw, smile, brows, pucker and gaze come in turn."""
    clip = exercise_clip(rig)
    times = torch.arange(int(float(clip.times[-1]) * RATE)) / RATE
    return _take(resample(clip, times), slice(None))


def _take(clip: Clip, kept: slice) -> Take:
    if clip.joint_rotations is None:
        raise ValueError(f"{clip.name}: no head turns")
    turns = matrix_from_quaternion(clip.joint_rotations[kept, 0])
    return take_of(clip.times[kept], clip.weights[kept], turns)


def films(inputs: Path, seconds: float) -> list[Metric]:
    """Track films of known truth and return what was measured."""
    correlations: dict[str, list[float]] = {}
    turns: list[float] = []
    places: list[float] = []
    drifts: list[float] = []
    for seed, performance in enumerate(("exercise", *RECORDINGS)):
        head = FilmedHead(inputs / "models" / "ict_facekit.tar.xz", seed)
        if performance == "exercise":
            take = exercise_take(default_head().rig)
        else:
            take = recorded_take(inputs / "motion" / performance, seconds)
        followed = follow_frames(head.film(take), "film")
        track = track_face(followed, TrackOptions(fov=FOV))
        drift = _drift(followed, track)
        seen = track.seen
        found = group_correlations(track.weights[seen], take.weights[seen])
        turn, place = pose_errors(_rows(track, seen), _rows(take, seen))
        words = "  ".join(f"{group} {value:.3f}" for group, value in found.items())
        sys.stdout.write(
            f"head {seed} {performance}: {int(seen.sum())}/{len(seen)} frames; {words};"
            f" rotation {turn:.2f} deg, place {100 * place:.2f} % of depth,"
            f" identity {1e3 * drift:.2f} mm\n"
        )
        for group, value in found.items():
            correlations.setdefault(group, []).append(value)
        turns.append(turn)
        places.append(place)
        drifts.append(drift)
    return [
        *(
            _metric(f"track, films: correlation of {group}", sum(v) / len(v), "", higher=True)
            for group, v in correlations.items()
        ),
        _metric("track, films: rotation error", sum(turns) / len(turns), "degrees"),
        _metric("track, films: place error / depth", sum(places) / len(places), "times"),
        _metric("track, films: identity by halves", 1e3 * sum(drifts) / len(drifts), "mm"),
    ]


def _drift(followed: Followed, track: Track) -> float:
    """Return how far the halves' neutral faces lie from the whole film's, metres."""
    traces = [trace for trace in followed.traces if trace is not None]
    face, middle = track.model.region("face"), len(traces) // 2
    whole = track.model.vertices(track.identity)[face]
    halves = [
        calibrate_person(part, track.model, FOV).neutral_vertices[face]
        for part in (traces[:middle], traces[middle:])
    ]
    return sum(shape_distance(half, whole) for half in halves) / len(halves)


def videos(folder: Path) -> list[Metric]:
    """Track the real videos and return what was measured."""
    residuals: list[float] = []
    calm: list[float] = []
    counts = {"blinks": [0, 0], "closed lips": [0, 0]}
    for path in sorted(folder.rglob("*.mp4")):
        with open_video(path) as video:
            followed = follow_frames(video.frames(), path.name)
        frames = [trace for trace in followed.traces if trace is not None]
        raw = track_face(followed, TrackOptions(smooth=False))
        smooth = track_face(followed)
        points = torch.stack([trace.points[:, :2] for trace in frames])
        iris = (points[:, 468] - points[:, 473]).norm(dim=1)
        still = still_stretches(points[:, :FACE_POINTS] / iris[:, None, None])
        ratio = jitter(_curves(raw), still) / max(jitter(_curves(smooth), still), 1e-9)
        mesh = smooth.landmarks_in_pixels(smooth.seen.nonzero()[:, 0])
        blinks, lips = closings(Apertures.of(points, iris), Apertures.of(mesh, iris))
        for name, recall in (("blinks", blinks), ("closed lips", lips)):
            counts[name][0] += recall.shown
            counts[name][1] += recall.found
        own = (mesh[:, :FACE_POINTS] - points[:, :FACE_POINTS]).norm(dim=2).mean(1) / iris
        residuals.append(float(own.quantile(0.95)))
        calm.append(ratio)
        sys.stdout.write(
            f"{path.name:<26} {len(frames)}/{len(followed.traces)} frames; residual median"
            f" {100 * float(own.median()):.2f} % 95th {100 * residuals[-1]:.2f} %; calmer by"
            f" {ratio:.1f}; blinks {blinks.found}/{blinks.shown}, closed lips"
            f" {lips.found}/{lips.shown}\n"
        )
    return [
        _metric(
            "track, videos: 95th percentile of the residual",
            sum(residuals) / len(residuals),
            "iris distances",
        ),
        _metric(
            "track, videos: jitter without / with smoothing",
            sum(calm) / len(calm),
            "times",
            higher=True,
        ),
        *(
            _metric(f"track, videos: recall of {name}", met / max(shown, 1), "", higher=True)
            for name, (shown, met) in counts.items()
        ),
    ]


def _rows(of: Track | Take, seen: Tensor) -> Transform:
    pose = of.camera_from_head
    return Transform(rotation=pose.rotation[seen], translation=pose.translation[seen])


def _curves(track: Track) -> Tensor:
    """Return rotations, places and coefficients on scales that count about alike."""
    pose = _rows(track, track.seen)
    vectors, _ = poses_to_vectors(pose)
    return torch.cat([vectors * 3, track.weights[track.seen].double()], 1)


def _metric(name: str, value: float, unit: str, *, higher: bool = False) -> Metric:
    return Metric(
        name=name,
        value=round(value, 4),
        unit=unit,
        direction="higher is better" if higher else "lower is better",
        tolerance=0.05,
    )


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Measure tracks.")
    parser.add_argument("--inputs", type=Path, default=Path(__file__).parents[3] / "shared/inputs")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--videos", action="store_true", help="also the real videos")
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    arguments = parser.parse_args()
    if not arguments.inputs.is_dir():
        sys.stderr.write(f"{arguments.inputs}: no such folder; name it with --inputs\n")
        return 2
    metrics = films(arguments.inputs, arguments.seconds)
    if arguments.videos:
        metrics += videos(arguments.inputs / "videos")
    sys.stdout.writelines(f"{m.name}: {m.value:.4g} {m.unit}\n" for m in metrics)
    problems = gate(metrics, Path(__file__).with_suffix(".json"), update=arguments.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
