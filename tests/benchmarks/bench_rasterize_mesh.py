"""How much faster the native mesh rasteriser is than its torch twin, in one run.

    python -m tests.benchmarks.bench_rasterize_mesh [--update]

The scene is a sphere of 40,000 triangles filling two thirds of 1024 x 1024 pixels, front and back.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from avatar.ops.rasterize_mesh import rasterize_mesh, rasterize_mesh_reference
from tests.benchmarks.metric import Metric, gate

SIZE = 1024
RINGS = 142


def sphere() -> tuple[Tensor, Tensor, Tensor]:
    """Return pixels, depths and faces of the scene."""
    polar = torch.linspace(0.01, 3.13, RINGS)
    around = torch.arange(RINGS) * 2 * torch.pi / RINGS
    theta, phi = torch.meshgrid(polar, around, indexing="ij")
    points = torch.stack([theta.sin() * phi.cos(), theta.cos(), theta.sin() * phi.sin()], -1)
    points = points.reshape(-1, 3)
    row, column = torch.meshgrid(torch.arange(RINGS - 1), torch.arange(RINGS), indexing="ij")
    a = (row * RINGS + column).reshape(-1)
    b = (row * RINGS + (column + 1) % RINGS).reshape(-1)
    faces = torch.cat(
        [torch.stack([a, b, a + RINGS], -1), torch.stack([b, b + RINGS, a + RINGS], -1)]
    )
    depths = points[:, 2] + 3
    return points[:, :2] / depths[:, None] * SIZE * 1.3 + SIZE / 2, depths, faces


def fastest(run: Callable[[], object], times: int) -> float:
    """Return the seconds of the fastest of several runs."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def measure() -> list[Metric]:
    """Return the benchmark's metrics."""
    pixels, depths, faces = sphere()
    scene = (pixels, depths, faces, SIZE, SIZE)
    native = fastest(lambda: rasterize_mesh(*scene), times=20)
    twin = fastest(lambda: rasterize_mesh_reference(*scene), times=2)
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
