"""What comes back of a phone's recording, curve by curve, played by our head, filmed and tracked.

    python -m tests.benchmarks.bench_round_trip [--seconds 6] [--fps 15]

Unlike the films of `bench_track`, the head is of the family that is tracked: what is lost here is
lost by seeing, not by what two models mean by a coefficient.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from avatar.animation.edit_clip import trim
from avatar.animation.live_link import read_live_link
from avatar.create.default_head import default_head
from tests.benchmarks.metric import Metric, gate
from tests.benchmarks.tracking.round_trip import curve_correlations, round_trip

RECORDINGS = ("livelink_164.csv", "livelink_167.csv")


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Measure what comes back of recordings.")
    parser.add_argument("--inputs", type=Path, default=Path(__file__).parents[3] / "shared/inputs")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    arguments = parser.parse_args()
    if not arguments.inputs.is_dir():
        sys.stderr.write(f"{arguments.inputs}: no such folder; name it with --inputs\n")
        return 2
    head = default_head()
    middles: list[float] = []
    for name in RECORDINGS:
        clip = read_live_link(arguments.inputs / "motion" / name)
        busiest = float(clip.times[int(clip.weights.diff(dim=0).abs().sum(1).argmax())])
        start = min(max(busiest - arguments.seconds / 2, 0), float(clip.times[-1]))
        part = trim(clip, start, start + arguments.seconds)
        part = replace(part, name=Path(name).stem)
        with tempfile.TemporaryDirectory() as folder:
            found = round_trip(part, head, Path(folder), arguments.fps)
        curves = curve_correlations(found, part)
        middles.append(float(torch.tensor(list(curves.values())).median()))
        words = "  ".join(f"{curve} {value:.2f}" for curve, value in curves.items())
        sys.stdout.write(f"{part.name}: {len(found.times)} frames; {words}\n")
    metric = Metric(
        name="round trip: median correlation of the curves that move",
        value=round(sum(middles) / len(middles), 3),
        unit="",
        direction="higher is better",
        tolerance=0.05,
    )
    sys.stdout.write(f"{metric.name}: {metric.value}\n")
    problems = gate([metric], Path(__file__).with_suffix(".json"), update=arguments.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
