"""Does the animated mouth move like the filmed one? Correlation of opening, clip by clip.

    python -m tests.benchmarks.bench_speech_videos [--inputs FOLDER] [--work FOLDER]

The lips of the person in the film are traced (`avatar.capture`, every other frame) and compared
with the lips of the default head that hears the same sound and sees nothing. Beside it: what the
loudness alone would give, and simple rules: an openness for each sound, smoothed. Best lag within
200 ms, positive when the filmed lips lead; a clip whose sound is not in step with its picture shows
by a lag of the recogniser outside 20 to 140 ms and is left out of the mean. Traced lips are kept in
the work folder, as tracing costs most.
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

from avatar.capture.observe import observe
from avatar.capture.photo_from_array import photo_from_array
from avatar.core.errors import AvatarError
from avatar.create.default_head import default_head
from avatar.head.registry import load_model
from avatar.speech.level import measure_level
from avatar.speech.options import SpeakOptions
from avatar.speech.perform import perform
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
UPPER_LIP, LOWER_LIP, LEFT_EYE, RIGHT_EYE = 13, 14, 263, 33
LAGS = np.arange(-0.2, 0.201, 0.02)
OPENNESS: dict[str, float] = {
    "silence": 0.41,
    "closed": 0.27,
    "teeth_on_lip": 0.27,
    "tongue_between_teeth": 0.45,
    "tongue_tip": 0.45,
    "tongue_back": 0.58,
    "hiss": 0.40,
    "hush": 0.40,
    "r": 0.42,
    "oo": 0.38,
    "o": 0.43,
    "ah": 0.70,
    "eh": 0.52,
    "ee": 0.48,
}
"""Share of a speaker's range that the mouth is open; vowels, k, p and pauses measured on films."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """A correlation, and the seconds by which the filmed lips lead where it is highest."""

    correlation: float
    lag: float


def traced_lips(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return times and openings of the inner lips, in distances between the eyes' corners."""
    times, openings = [], []
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % 2:
                continue
            pixels = frame.to_ndarray(format="rgb24")
            try:
                points = observe(photo_from_array(pixels)).landmarks
            except AvatarError:
                continue
            gap = points[LOWER_LIP] - points[UPPER_LIP]
            eyes = (points[LEFT_EYE] - points[RIGHT_EYE])[:2].norm()
            times.append(float(frame.time))
            openings.append(float(gap[:2].norm() / eyes))
    return np.array(times), np.array(openings)


def best_lag(times: np.ndarray, truth: np.ndarray, own: tuple[np.ndarray, np.ndarray]) -> Match:
    """Return the highest correlation over the lags, and that lag."""
    found = []
    for lag in LAGS:
        moved = np.interp(times + lag, *own)
        found.append(np.corrcoef(moved, truth)[0, 1] if moved.std() > 0 else 0.0)
    place = int(np.argmax(found))
    return Match(correlation=float(found[place]), lag=float(LAGS[place]))


def by_rules(segments: Sequence[Segment], seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Return times and openings by an openness for each sound, smoothed over 80 ms."""
    labels = frames_of(segments, int(seconds * 100))
    table = np.array([OPENNESS[name] for name in VISEMES])
    return np.arange(len(labels)) / 100, gaussian_filter1d(table[labels], 4)


def compare(path: Path, work: Path) -> dict[str, Match]:
    """Trace and animate a clip; return how each way to an opening goes with the filmed one."""
    kept = work / f"{path.stem}.npz"
    if kept.is_file():
        with np.load(kept) as file:
            times, truth = file["times"], file["truth"]
    else:
        times, truth = traced_lips(path)
        np.savez(kept, times=times, truth=truth)
    if len(times) < 10:
        sys.stdout.write(f"{path.name}: no face was traced\n")
        return {}
    samples = np.concatenate(list(sound_blocks(path)))
    samples = samples * np.float32(measure_level([samples]).gain)
    model = load_model()
    found: dict[str, Match] = {}
    for phones in ("recognise", "network"):
        sound = Sound(samples=samples, rate=16000)
        made = perform(sound, default_head(model), SpeakOptions(phones=phones))
        opening = np.maximum(measure_mesh(model, made.clip).opening, 0)
        found[phones] = best_lag(times, truth, (made.clip.times.numpy(), opening))
        ruled = by_rules(made.segments, len(samples) / 16000)
        found[f"{phones}, rules"] = best_lag(times, truth, ruled)
    loudness = gaussian_filter1d(measure_prosody([samples]).loudness, 4)
    found["loudness"] = best_lag(times, truth, (np.arange(len(loudness)) / 100, loudness))
    return found


def report(path: Path, found: dict[str, Match]) -> bool:
    """Print one clip's line; tell whether sound and picture are in step."""
    parts = [f"{way} {m.correlation:.2f} at {1000 * m.lag:+.0f} ms" for way, m in found.items()]
    in_step = 0.02 <= round(found["recognise"].lag, 3) <= 0.14
    note = "" if in_step else " (not in step)"
    sys.stdout.write(f"{path.name}{note}: {', '.join(parts)}\n")
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
