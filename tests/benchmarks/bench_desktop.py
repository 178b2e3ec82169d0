"""How long the desktop window's pictures take, against `avatar.render`'s, in one run.

    python -m tests.benchmarks.bench_desktop [--update]

The default head (52,500 triangles, 52 morphs, all active) and 50,000 splats on it, 1280 x 720,
drawn by OpenGL without a window until the pixels are there: posed, lit by three lamps with shadows,
over the backdrop. Processor time of all threads, which a busy machine distorts least; the renderer
is named, and the ratios kept are those of OpenGL by the processor (llvmpipe).
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.create.default_head import default_head
from avatar.render.film_scene import prepare_film_scene
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.splat_stage import SplatStage
from avatar.render.tone import backdrop, composite, to_bytes
from tests.benchmarks.metric import Metric, gate
from tests.core.a_few_splats import a_few_splats
from viewers.desktop.headless import HeadlessStage
from viewers.desktop.stage import StageSettings
from viewers.stage.face import STILL, Pose
from viewers.stage.framings import frame_orbit

SIZE = (1280, 720)
SPLATS = 50_000
_TIMES = 6


def measure() -> list[Metric]:
    """Return the benchmark's metrics."""
    torch.set_num_threads(1)
    head = default_head()
    camera = frame_orbit(head.mesh.vertices, "head", SIZE[0] / SIZE[1]).camera(*SIZE)
    poses = [_pose(number) for number in range(2 * _TIMES)]
    with HeadlessStage(head) as stage:
        sys.stdout.write(f"{stage.renderer}\n")
        stage.stage.prepare(exact=False)
        quick = _fastest("mesh, 1 sample", poses, lambda pose: _drawn(stage, camera, pose, 1))
        smooth = _fastest("mesh, 4 samples", poses, lambda pose: _drawn(stage, camera, pose, 4))
        still = _fastest(
            "mesh, 1 sample, the camera alone moves",
            [poses[0]] * _TIMES,
            lambda pose: _drawn(stage, camera, pose, 1),
        )
    film = _film(head, camera)
    own = _fastest("avatar.render, 4 samples", poses[:3], film)
    splats = _splats(head, camera, poses)
    return [
        _metric("window frame / avatar.render's, 52 morphs, 4 samples a pixel", smooth / own),
        _metric("window frame in motion / avatar.render's", quick / own),
        _metric("frame with 52 active morphs / with the camera alone moving", quick / still),
        _metric("50k splats in the window / avatar.render's", splats),
    ]


def _pose(number: int) -> Pose:
    return replace(STILL, weights=tuple(0.1 + 0.01 * (number % 7) for _ in STILL.weights))


def _drawn(stage: HeadlessStage, camera: Camera, pose: Pose, samples: int) -> None:
    stage.stage.pose = pose
    stage.draw(camera, samples)


def _film(head: Avatar, camera: Camera) -> Callable[[Pose], object]:
    light = StageSettings().lighting.light()
    film = prepare_film_scene(head, light)
    options = RenderOptions(samples=4, light=light)
    ground = backdrop(camera.height, camera.width)

    def frame(pose: Pose) -> object:
        with torch.no_grad():
            scene = film.frame(torch.tensor(pose.weights), pose.rotations(head.rig.joint_names))
            return to_bytes(composite(render_head(scene, camera, options), ground))

    return frame


def _splats(head: Avatar, camera: Camera, poses: list[Pose]) -> float:
    splats = a_few_splats(head, SPLATS)
    head = replace(head, splats=replace(splats, scales=splats.scales / 2))
    own = SplatStage.build(head)
    ground = torch.zeros(3)

    def picture(pose: Pose) -> object:
        turns = own.head_of_joints(pose.rotations(head.rig.joint_names))
        return own.picture(own.posed(torch.tensor(pose.weights), turns), camera, ground)

    with HeadlessStage(head, StageSettings(look="splats")) as stage:
        shown = _fastest("50k splats", poses, lambda pose: _drawn(stage, camera, pose, 1))
    return shown / _fastest("avatar.render, 50k splats", poses, picture)


def _fastest(name: str, poses: list[Pose], draw: Callable[[Pose], object]) -> float:
    """Return the seconds of the fastest frame; what else the machine does only ever adds."""
    draw(poses[-1])
    best = wall = float("inf")
    for pose in poses:
        start, began = time.process_time(), time.perf_counter()
        draw(pose)
        best = min(best, time.process_time() - start)
        wall = min(wall, time.perf_counter() - began)
    sys.stdout.write(
        f"{name}: {1e3 * best:.0f} ms of processor, {1e3 * wall:.0f} ms by the clock\n"
    )
    return best


def _metric(name: str, value: float) -> Metric:
    return Metric(name=name, value=value, unit="times", direction="lower is better", tolerance=0.5)


def main() -> int:
    """Measure, print, and compare with the baseline."""
    metrics = measure()
    for metric in metrics:
        sys.stdout.write(f"{metric.name}: {metric.value:.3g} {metric.unit}\n")
    baseline = Path(__file__).with_name("bench_desktop.json")
    problems = gate(metrics, baseline, update="--update" in sys.argv)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
