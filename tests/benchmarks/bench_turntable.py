"""A head relit by `avatar.render` against the same maps path-traced, view by view round the head.

    python -m tests.benchmarks.bench_turntable [--inputs FOLDER] [--head FILE.avatar]
        [--references FOLDER] [--sheets FOLDER] [--update]

The reference is made by Mitsuba as `tests.benchmarks.turntable.path_trace` tells. The number is the
mean absolute difference on skin, in levels of 255 as displayed (both go through the same tone
curve). Without --head the default head stands there, in painted skin; the panoramas among the
inputs are used where they are, a made-up room always. References are kept in the folder given.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.material import Material, srgb_from_linear
from avatar.files.bundle import load_avatar
from avatar.render.frame_head import frame_head
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import Scene, prepare_scene
from avatar.render.tone import tone_map
from tests.benchmarks.geometry.denoise import denoise
from tests.benchmarks.metric import Metric, gate
from tests.benchmarks.turntable.path_trace import path_trace
from tests.benchmarks.turntable.subject import LitBy, lights, painted_head

SIZE, SAMPLES = 128, 48
YAWS = (0.0, 0.8, -1.7)


@dataclass(frozen=True, kw_only=True)
class Turntable:
    """A head, the cameras round it, which pixels of each are skin, and albedo and normals there."""

    head: Avatar
    scene: Scene
    cameras: tuple[Camera, ...]
    skin: tuple[Bool[Tensor, "height width"], ...]
    albedo: tuple[Float[Tensor, "height width 3"], ...]
    normals: tuple[Float[Tensor, "height width 3"], ...]


def turntable(head: Avatar) -> Turntable:
    """Place cameras round a head; lashes and corneas are left out, which the reference lacks."""
    scene = replace(prepare_scene(head), layers=())
    cameras = tuple(frame_head(head.mesh, yaw=yaw, size=(SIZE, SIZE)) for yaw in YAWS)
    plain = tuple(
        Material(name=m.name, base_color=(float(m.name == "skin"),) * 3 + (1.0,))
        for m in head.materials
    )
    white = tuple(replace(m, base_color=(1.0, 1.0, 1.0, 1.0)) for m in plain)
    marked = replace(prepare_scene(head.mesh, plain), layers=())
    turned = prepare_scene(head.mesh, white, marked.normals * 0.5 + 0.5)

    def unlit(scene: Scene, camera: Camera) -> Float[Tensor, "height width 3"]:
        return render_head(scene, camera, RenderOptions(unlit=True))[..., :3]

    masks: list[Bool[Tensor, "height width"]] = []
    for camera in cameras:
        inside = unlit(marked, camera)[None, None, ..., 0]
        # The pixels next to outlines are left out: where an edge lies within them is no light.
        masks.append(-functional.max_pool2d(-inside, 3, stride=1, padding=1)[0, 0] > 0.999)
    return Turntable(
        head=head,
        scene=scene,
        cameras=cameras,
        skin=tuple(masks),
        albedo=tuple(unlit(scene, camera) for camera in cameras),
        normals=tuple(unlit(turned, camera) * 2 - 1 for camera in cameras),
    )


def shown(linear: Float[Tensor, "height width 3"]) -> Float[Tensor, "height width 3"]:
    """Return what a screen shows of light, in levels up to 255."""
    return srgb_from_linear(tone_map(linear)) * 255


def reference(
    table: Turntable, lit: LitBy, camera: int, kept: Path
) -> Float[Tensor, "height width 3"]:
    """Return the path-traced picture, from the folder where it is kept if it is there."""
    file = kept / f"{lit.name}_{camera}.npy"
    if not file.is_file():
        panorama = lit.panorama.numpy()
        picture = path_trace(table.head, table.cameras[camera], panorama, samples=SAMPLES)
        kept.mkdir(parents=True, exist_ok=True)
        np.save(file, picture.astype(np.float32))
    # Noise that is left is evened out among pixels of one albedo and one normal.
    guides = {"albedo": table.albedo[camera], "normals": table.normals[camera]}
    even = denoise(
        np.load(file).astype(np.float64),
        **{name: guide.double().numpy() for name, guide in guides.items()},
    )
    return torch.from_numpy(even).float()


def differences(table: Turntable, lit: LitBy, kept: Path, sheets: Path | None) -> list[float]:
    """Return the mean difference on skin for each camera."""
    found: list[float] = []
    rows: list[Tensor] = []
    for number, camera in enumerate(table.cameras):
        options = RenderOptions(light=lit.light, tone=False)
        ours = shown(render_head(table.scene, camera, options)[..., :3])
        theirs = shown(reference(table, lit, number, kept))
        apart = (ours - theirs) * table.skin[number][..., None]
        found.append(float(apart.abs().mean(-1)[table.skin[number]].mean()))
        rows.append(torch.cat([theirs, ours, (128 + 4 * apart).clamp(0, 255)]))
    if sheets is not None:
        from PIL import Image

        sheets.mkdir(parents=True, exist_ok=True)
        pixels = torch.cat(rows, 1).round().to(torch.uint8).numpy()
        Image.fromarray(pixels).save(sheets / f"{lit.name}.png")
    return found


def measure(head: Avatar, panoramas: list[Path], kept: Path, sheets: Path | None) -> list[Metric]:
    """Return the benchmark's metrics."""
    table = turntable(head)
    metrics: list[Metric] = []
    for lit in lights(head, panoramas):
        found = differences(table, lit, kept, sheets)
        views = ", ".join(f"{value:.2f}" for value in found)
        sys.stdout.write(f"{lit.name}: {views}\n")
        metrics.append(
            Metric(
                name=f"skin, {lit.name}: difference from the path-traced picture",
                value=float(np.mean(found)),
                unit="levels of 255",
                direction="lower is better",
                tolerance=0.05,
            )
        )
    return metrics


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Relit heads against path-traced ones.")
    parser.add_argument("--inputs", type=Path, help="folder with hdr/")
    parser.add_argument("--head", type=Path, help="an .avatar in place of the default head")
    parser.add_argument("--references", type=Path, help="where path-traced pictures are kept")
    parser.add_argument("--sheets", type=Path, help="write pictures to compare by eye")
    parser.add_argument("--update", action="store_true")
    chosen = parser.parse_args()
    panoramas = sorted((chosen.inputs / "hdr").glob("*.hdr")) if chosen.inputs else []
    head = load_avatar(chosen.head) if chosen.head else painted_head()
    with tempfile.TemporaryDirectory() as folder:
        kept = chosen.references or Path(folder)
        metrics = measure(head, panoramas, kept, chosen.sheets)
    for metric in metrics:
        sys.stdout.write(f"{metric.name}: {metric.value:.3g} {metric.unit}\n")
    if chosen.head:
        return 0
    baseline = Path(__file__).with_name("bench_turntable.json")
    problems = gate(metrics, baseline, update=chosen.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
