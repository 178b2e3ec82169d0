"""Does the animated mouth move like the filmed one? Correlation of opening, clip by clip.

    python -m tests.benchmarks.bench_speech_videos [--inputs FOLDER] [--work FOLDER]

The lips of the person in the film are traced (`avatar.capture`, every other frame) and compared
with the lips of the default head that hears the same sound and sees nothing. Beside it: what the
loudness alone would give. Best lag within 200 ms, positive when the filmed lips lead; clips whose
sound is not in step with their picture show by a lag outside 20 to 140 ms. Traced lips are kept in
the work folder, as tracing costs most.
"""

import argparse
import sys
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
from tests.benchmarks.bench_speech import measure_mesh

CLIPS = (
    "talking_8s_a.mp4",
    "talking_8s_b.mp4",
    "talking_15s.mp4",
    "obama_clips",
)
UPPER_LIP, LOWER_LIP, LEFT_EYE, RIGHT_EYE = 13, 14, 263, 33
LAGS = np.arange(-0.2, 0.201, 0.02)


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


def best_lag(times: np.ndarray, truth: np.ndarray, own: tuple[np.ndarray, np.ndarray]) -> str:
    """Return the highest correlation over the lags, and that lag."""
    found = []
    for lag in LAGS:
        moved = np.interp(times + lag, *own)
        found.append(np.corrcoef(moved, truth)[0, 1] if moved.std() > 0 else 0.0)
    place = int(np.argmax(found))
    return f"{found[place]:.2f} at {1000 * LAGS[place]:+.0f} ms"


def report(path: Path, work: Path) -> None:
    """Trace, animate, compare, print one line."""
    kept = work / f"{path.stem}.npz"
    if kept.is_file():
        with np.load(kept) as file:
            times, truth = file["times"], file["truth"]
    else:
        times, truth = traced_lips(path)
        np.savez(kept, times=times, truth=truth)
    if len(times) < 10:
        sys.stdout.write(f"{path.name}: no face was traced\n")
        return
    samples = np.concatenate(list(sound_blocks(path)))
    samples = samples * np.float32(measure_level([samples]).gain)
    model = load_model()
    results = []
    for phones in ("recognise", "network"):
        sound = Sound(samples=samples, rate=16000)
        clip = perform(sound, default_head(model), SpeakOptions(phones=phones)).clip
        opening = np.maximum(measure_mesh(model, clip).opening, 0)
        results.append(f"{phones} {best_lag(times, truth, (clip.times.numpy(), opening))}")
    loudness = gaussian_filter1d(measure_prosody([samples]).loudness, 4)
    energy = best_lag(times, truth, (np.arange(len(loudness)) / 100, loudness))
    sys.stdout.write(f"{path.name}: {', '.join(results)}, loudness {energy}\n")


def main() -> None:
    """Report every clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[3] / "shared" / "inputs"
    parser.add_argument("--inputs", type=Path, default=default)
    parser.add_argument("--work", type=Path, default=Path("build"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    for name in CLIPS:
        path = arguments.inputs / "videos" / name
        for clip in sorted(path.glob("*.mp4")) if path.is_dir() else [path]:
            report(clip, arguments.work)


if __name__ == "__main__":
    main()
