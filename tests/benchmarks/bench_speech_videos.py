"""Does the animated mouth move like the filmed one? Correlation of opening and width, by clip.

    python -m tests.benchmarks.bench_speech_videos [--inputs FOLDER] [--work FOLDER]

The lips of the person in the film are traced (`avatar.capture`, every other frame) and compared
with the lips of the default head that hears the same sound and sees nothing. Beside it: what the
loudness alone would give, and simple rules: an openness and a width for each sound, smoothed over
80 ms. Best lag within 200 ms, positive when the filmed lips lead; a clip whose sound is not in step
with its picture shows by a lag of the recogniser's opening outside 20 to 140 ms and is left out of
the mean. Traced lips are kept in the work folder, as tracing costs most.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from avatar.animation.join import join_frames
from avatar.capture.observe import observe
from avatar.capture.photo_from_array import photo_from_array
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.core.errors import AvatarError
from avatar.create.default_head import default_head
from avatar.head.model import HeadModel
from avatar.head.registry import load_model
from avatar.speech.level import measure_level
from avatar.speech.openness import OPENNESS
from avatar.speech.options import SpeakOptions
from avatar.speech.perform import perform
from avatar.speech.perform_live import LiveSpeaker
from avatar.speech.prosody import measure_prosody
from avatar.speech.sound import Sound, sound_blocks
from avatar.speech.visemes import VISEMES, Segment, frames_of
from tests.benchmarks.bench_speech import measure_mesh

CLIPS = (
    "talking_8s_a.mp4",
    "talking_8s_b.mp4",
    "talking_15s.mp4",
    "obama_clips",
)
UPPER_LIP, LOWER_LIP, LEFT_CORNER, RIGHT_CORNER, LEFT_EYE, RIGHT_EYE = 13, 14, 291, 61, 263, 33
CORNERS = (48, 54)
LAGS = np.arange(-0.2, 0.201, 0.02)
WIDTHS: dict[str, float] = {
    "closed": 0.0,
    "teeth_on_lip": -0.02,
    "hiss": 0.1,
    "hush": -0.3,
    "r": -0.3,
    "oo": -0.6,
    "o": -0.5,
    "ah": 0.05,
    "eh": 0.15,
    "ee": 0.3,
}
"""By how much a sound widens a mouth, by eye and by hand; 0 where it says nothing."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """A correlation, and the seconds by which the filmed lips lead where it is highest."""

    correlation: float
    lag: float


@dataclass(frozen=True, kw_only=True)
class Mouth:
    """How far a mouth is open, and how wide, at some times; each in a unit of its own."""

    times: np.ndarray
    opening: np.ndarray
    width: np.ndarray


def traced_mouth(path: Path) -> Mouth:
    """Return the inner lips' opening and the corners' distance, in distances between the eyes."""
    rows: list[tuple[float, float, float]] = []
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % 2:
                continue
            pixels = frame.to_ndarray(format="rgb24")
            try:
                points = observe(photo_from_array(pixels)).landmarks[:, :2]
            except AvatarError:
                continue
            eyes = (points[LEFT_EYE] - points[RIGHT_EYE]).norm()
            gap = (points[LOWER_LIP] - points[UPPER_LIP]).norm() / eyes
            width = (points[LEFT_CORNER] - points[RIGHT_CORNER]).norm() / eyes
            rows.append((float(frame.time), float(gap), float(width)))
    times, opening, width = np.array(rows).reshape(-1, 3).T
    return Mouth(times=times, opening=opening, width=width)


def animated_mouth(head: Avatar, model: HeadModel, clip: Clip) -> Mouth:
    """Return the same of the head's own lips, in metres."""
    rest = head.mesh.vertices
    corners = [
        head.landmarks68.on(rest + morph)[list(CORNERS)] for morph in (0 * rest, *head.rig.morphs)
    ]
    moves = torch.stack(corners[1:]) - corners[0]
    placed = corners[0] + torch.einsum("fk,kpc->fpc", clip.weights, moves)
    return Mouth(
        times=clip.times.numpy(),
        opening=np.maximum(measure_mesh(model, clip).opening, 0),
        width=(placed[:, 1] - placed[:, 0]).norm(dim=1).numpy(),
    )


def best_lag(times: np.ndarray, truth: np.ndarray, own: tuple[np.ndarray, np.ndarray]) -> Match:
    """Return the highest correlation over the lags, and that lag."""
    found = []
    for lag in LAGS:
        moved = np.interp(times + lag, *own)
        found.append(np.corrcoef(moved, truth)[0, 1] if moved.std() > 0 else 0.0)
    place = int(np.argmax(found))
    return Match(correlation=float(found[place]), lag=float(LAGS[place]))


def by_rules(segments: Sequence[Segment], seconds: float) -> Mouth:
    """Return an openness and a width for each sound, smoothed over 80 ms."""
    labels = frames_of(segments, int(seconds * 100))
    open_, wide = (
        gaussian_filter1d(np.array([table.get(name, 0.0) for name in VISEMES])[labels], 4)
        for table in (OPENNESS, WIDTHS)
    )
    return Mouth(times=np.arange(len(labels)) / 100, opening=open_, width=wide)


def kept_trace(path: Path, work: Path) -> Mouth:
    """Return the traced mouth of a film, from the work folder if it was traced before."""
    kept = work / f"{path.stem}_mouth.npz"
    if not kept.is_file():
        np.savez(kept, **vars(traced_mouth(path)))
    with np.load(kept) as file:
        return Mouth(**file)


def compare(path: Path, work: Path) -> dict[str, Match]:
    """Trace and animate a clip; return how each way to a mouth goes with the filmed one."""
    truth = kept_trace(path, work)
    if len(truth.times) < 10:
        sys.stdout.write(f"{path.name}: no face was traced\n")
        return {}
    samples = np.concatenate(list(sound_blocks(path)))
    samples = samples * np.float32(measure_level([samples]).gain)
    sound = Sound(samples=samples, rate=16000)
    model = load_model()
    head = default_head(model)
    ways: dict[str, Mouth] = {}
    for phones in ("recognise", "network"):
        made = perform(sound, head, SpeakOptions(phones=phones))
        ways[phones] = animated_mouth(head, model, made.clip)
        ways[f"{phones}, rules"] = by_rules(made.segments, len(samples) / 16000)
    speaker = LiveSpeaker(head)
    heard = [
        frame
        for at in range(0, len(samples), 320)
        for frame in speaker.push(samples[at : at + 320])
    ]
    ways["live"] = animated_mouth(head, model, join_frames(heard))
    loudness = gaussian_filter1d(measure_prosody([samples]).loudness, 4)
    ways["loudness"] = Mouth(times=np.arange(len(loudness)) / 100, opening=loudness, width=loudness)
    return {
        f"{what}, {way}": best_lag(truth.times, vars(truth)[what], (own.times, vars(own)[what]))
        for what in ("opening", "width")
        for way, own in ways.items()
    }


def report(path: Path, found: dict[str, Match]) -> bool:
    """Print one clip's line; tell whether sound and picture are in step."""
    parts = [f"{way} {m.correlation:.2f} at {1000 * m.lag:+.0f} ms" for way, m in found.items()]
    in_step = 0.02 <= round(found["opening, recognise"].lag, 3) <= 0.14
    note = "" if in_step else " (not in step)"
    sys.stdout.write(f"{path.name}{note}: {'; '.join(parts)}\n")
    return in_step


def main() -> None:
    """Report every clip, and the mean of those in step."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[3] / "shared" / "inputs"
    parser.add_argument("--inputs", type=Path, default=default)
    parser.add_argument("--work", type=Path, default=Path("build"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    kept: list[dict[str, Match]] = []
    for name in CLIPS:
        path = arguments.inputs / "videos" / name
        for clip in sorted(path.glob("*.mp4")) if path.is_dir() else [path]:
            found = compare(clip, arguments.work)
            if found and report(clip, found):
                kept.append(found)
    for way in kept[0] if kept else ():
        mean = np.mean([found[way].correlation for found in kept])
        sys.stdout.write(f"mean of {len(kept)} clips in step, {way}: {mean:.2f}\n")


if __name__ == "__main__":
    main()
