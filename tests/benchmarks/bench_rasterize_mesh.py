"""How much faster the native mesh rasteriser is than its torch twin, in one run.

    python -m tests.benchmarks.bench_rasterize_mesh [--update]

The scene is a sphere of 40,000 triangles filling two thirds of 1024 x 1024 pixels, front and back.
"""

import sys
import time
from pathlib import Path

from avatar.ops.rasterize_mesh import rasterize_mesh, rasterize_mesh_reference
from avatar.ops.timing import ball, fastest
from tests.benchmarks.metric import Metric, gate

SIZE = 1024
RINGS = 142


def measure() -> list[Metric]:
    """Return the benchmark's metrics."""
    pixels, depths, faces = ball(RINGS, SIZE, zoom=1.3)
    scene = (pixels, depths, faces, SIZE, SIZE)
    native = fastest(lambda: rasterize_mesh(*scene), time.perf_counter, times=20)
    twin = fastest(lambda: rasterize_mesh_reference(*scene), time.perf_counter, times=2)
    sys.stdout.write(f"native {native * 1e3:.1f} ms, torch twin {twin * 1e3:.0f} ms\n")
    return [
        Metric(
            name="rasterize_mesh: torch twin / native, 40k triangles, 1024 x 1024",
            value=twin / native,
            unit="times",
            direction="higher is better",
            tolerance=0.5,
        )
    ]


def main() -> int:
    """Measure, print, and compare with the baseline."""
    metrics = measure()
    for metric in metrics:
        sys.stdout.write(f"{metric.name}: {metric.value:.3g} {metric.unit}\n")
    baseline = Path(__file__).with_name("bench_rasterize_mesh.json")
    problems = gate(metrics, baseline, update="--update" in sys.argv)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
