"""What anti-aliasing and shading cost on top of rasterising, in one run.

    python -m tests.benchmarks.bench_render [--update]

The scene is a sphere of 60,000 triangles with a 2k texture under the studio light, filling half
of 768 x 768 pixels. Processor time on one thread, which a busy machine distorts least.
"""

import sys
import time
from pathlib import Path

import torch

from avatar.core.material import Material
from avatar.ops.rasterize_mesh import rasterize_mesh
from avatar.ops.timing import fastest
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import prepare_scene
from tests.benchmarks.metric import Metric, gate
from tests.render.shapes import front_camera, mesh_of, sphere

SIZE = 768


def measure() -> list[Metric]:
    """Return the benchmark's metrics."""
    torch.set_num_threads(1)
    texture = torch.rand(2048, 2048, 3, generator=torch.Generator().manual_seed(0))
    mesh = mesh_of(*sphere(0.1, rings=123))
    scene = prepare_scene(mesh, (Material(name="skin", base_color_map=texture),))
    camera = front_camera(SIZE, SIZE, focal=3050.0)
    pixels, depths = camera.project(scene.vertices)
    faces = scene.opaque.faces
    raster = fastest(
        lambda: rasterize_mesh(pixels, depths, faces, SIZE, SIZE), time.process_time, times=10
    )
    jagged = fastest(
        lambda: render_head(scene, camera, RenderOptions(samples=1)), time.process_time, times=5
    )
    smooth = fastest(lambda: render_head(scene, camera), time.process_time, times=5)
    sys.stdout.write(
        f"rasteriser {raster * 1e3:.0f} ms, still with 1 sample a pixel {jagged * 1e3:.0f} ms, "
        f"with 8 {smooth * 1e3:.0f} ms\n"
    )
    return [
        Metric(
            name="render_head: 8 samples a pixel / 1 sample, 60k triangles, 768 x 768",
            value=smooth / jagged,
            unit="times",
            direction="lower is better",
            tolerance=0.5,
        ),
        Metric(
            name="render_head: still / one rasteriser pass, 60k triangles, 768 x 768",
            value=smooth / raster,
            unit="times",
            direction="lower is better",
            tolerance=0.5,
        ),
    ]


def main() -> int:
    """Measure, print, and compare with the baseline."""
    metrics = measure()
    for metric in metrics:
        sys.stdout.write(f"{metric.name}: {metric.value:.3g} {metric.unit}\n")
    baseline = Path(__file__).with_name("bench_render.json")
    problems = gate(metrics, baseline, update="--update" in sys.argv)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
