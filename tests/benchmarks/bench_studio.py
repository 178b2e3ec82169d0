"""How fast the studio draws, how little its server adds, and whether it lasts.

    python -m tests.benchmarks.bench_studio [--minutes 30] [--update]

- Frames in Chromium in a window of 1280 x 720, until their pixels can be read: the average head
  (12 parts, 52 morphs), and one covered by 50,000 splats. Kept is what 52 active morphs cost on top
  of none, shading on top of plain colour, and splats that all move on top of a moving camera.
- The server's share of a message: three clients at 60 Hz, faces there and back, and events.
- A server that is killed while the page plays, and comes back.
- With `--minutes`: memory over so long a playback, in a small window.

Times printed are this machine's, by the renderer that Chromium names: run it on one that does
nothing else. Bars in milliseconds are told, and are the only absolute numbers.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from avatar.create.default_head import default_head
from tests.benchmarks.metric import Metric, gate
from tests.benchmarks.studio.frames import mesh_times, renderer, splat_times
from tests.benchmarks.studio.page import Studio, opened
from tests.benchmarks.studio.playback import memory_growth, reconnection
from tests.benchmarks.studio.server_time import server_times
from tests.benchmarks.studio.splat_head import splat_head

SPLATS = 50_000
SPLATS_BAR = 55.0
SERVER_BAR = 5.0


def frames(folder: Path) -> list[Metric]:
    """Measure the page's frames."""
    default_head().save(folder / "mesh" / "Average.avatar")
    splat_head(SPLATS).save(folder / "splats" / "Splats.avatar")
    times: dict[str, float] = {}
    for name, measure in (("mesh", mesh_times), ("splats", splat_times)):
        studio = Studio.start(folder / name)
        with opened(studio.address) as page:
            sys.stdout.write(f"{renderer(page)}\n")
            times |= measure(page)
        studio.end()
    for name in ("splats, 52 weights and the head moving", "splats, as played"):
        _bar(name, times[name], SPLATS_BAR)
    active, rest = times["mesh, 52 active morphs"], times["mesh at rest"]
    moving = times["splats, 52 weights and the head moving"]
    return [
        _metric("studio: frame with 52 active morphs / with none", active / rest),
        _metric("studio: shaded frame / plain colour", rest / times["mesh in plain colour"]),
        _metric(
            "studio: 50,000 splats that all move / the camera alone",
            moving / times["splats, only the camera moving"],
        ),
    ]


def server(seconds: float) -> None:
    """Measure what the server adds; told, not kept: it is a time."""
    for name, took in server_times(seconds).items():
        middle, most = np.percentile(took, [50, 99])
        sys.stdout.write(
            f"server, {name}s at 60 Hz to three clients: {middle:.2f} ms (median),"
            f" {most:.2f} ms (99 of 100)\n"
        )
        _bar(f"server, {name}", middle, SERVER_BAR)


def lasting(folder: Path, minutes: float) -> list[Metric]:
    """Measure an outage, and memory."""
    splat_head(2000).save(folder / "lasting" / "Splats.avatar")
    studio = Studio.start(folder / "lasting")
    studio, outage = reconnection(studio)
    metrics = [
        _metric("studio: share of an outage that the page played", outage["played"], higher=True),
        _metric("studio: jobs known after an outage", outage["resumed"], 0.0, higher=True),
    ]
    if minutes:
        for name, growth in memory_growth(studio, minutes).items():
            sys.stdout.write(f"memory of the {name} x {growth:.3f} after warming up\n")
            metrics.append(_metric(f"studio: memory of the {name}, late / early", growth, 0.05))
    studio.end()
    return metrics


def _bar(name: str, milliseconds: float, bar: float) -> None:
    reached = "below" if milliseconds < bar else "NOT below"
    sys.stdout.write(f"{name}: {milliseconds:.1f} ms, {reached} the bar of {bar:.0f} ms\n")


def _metric(name: str, value: float, tolerance: float = 0.5, *, higher: bool = False) -> Metric:
    direction = "higher is better" if higher else "lower is better"
    return Metric(
        name=name, value=round(value, 3), unit="times", direction=direction, tolerance=tolerance
    )


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Measure the studio.")
    parser.add_argument("--minutes", type=float, default=0.0, help="of playback, for memory")
    parser.add_argument("--only", choices=("frames", "server", "lasting"), help="a part of it")
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    arguments = parser.parse_args()
    metrics: list[Metric] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("mesh", "splats", "lasting"):
            (Path(folder) / name).mkdir()
        if arguments.only in (None, "frames"):
            metrics += frames(Path(folder))
        if arguments.only in (None, "server"):
            server(10.0)
        if arguments.only in (None, "lasting"):
            metrics += lasting(Path(folder), arguments.minutes)
    sys.stdout.writelines(f"{m.name}: {m.value:.3g} {m.unit}\n" for m in metrics)
    baseline = Path(__file__).with_name("bench_studio.json")
    problems = gate(metrics, baseline, update=arguments.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
