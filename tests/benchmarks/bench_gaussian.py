"""How like the person a trained splat avatar is, on frames it never saw.

    python -m tests.benchmarks.bench_gaussian --inputs FOLDER [--clips talking_8s_a ...] [--update]

The last 15 % of each clip are held out: neither splats, shared unknowns nor the head's texture
come from them. Pictures are 512 pixels wide, laid over white by the matte. Each row is measured
twice: at the pose and expression the landmark tracker gave, less what its errors on the training
frames have in common (`tracked`), and after both were fitted to the held-out picture with the
avatar fixed (`fitted`), as photometric trackers do. The mesh takes part in the same poses; the
static head keeps its expression and place. `Lit anew as filmed` are the splats' albedo and normals
in the light that training solved: what is lost by telling them apart.
Seconds are of the processor, on one thread. Writes contact sheets where --sheets says.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from avatar.core.pose_splats import Adjustment, pose_splats
from avatar.core.transform import Transform
from avatar.create.prepare_take import TakeOptions, prepare_take
from avatar.gaussian.fit_frame import fit_frame
from avatar.gaussian.options import TrainOptions
from avatar.gaussian.take import Take, matted, size_at
from avatar.gaussian.take_file import load_take, save_take
from avatar.gaussian.trainer import Trainer
from avatar.render.draw_splats import draw_splats
from avatar.render.relight_splats import SplatLighting
from tests.benchmarks.gaussian.picture_quality import gmsd, psnr, ssim
from tests.benchmarks.gaussian.textured_mesh import TexturedMesh
from tests.benchmarks.metric import Metric, gate

CLIPS = ("talking_8s_a", "talking_8s_b", "talking_15s", "expressions_34s")
HELD_OUT = 0.15
FRAMES = 10
"""Held-out frames of a clip that are measured, evenly spaced."""

Pose = tuple[Float[Tensor, "52"], Transform, Adjustment]


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Means over the frames: dB, similarity, deviation."""

    psnr: float
    ssim: float
    gmsd: float


def measure(take: Take, options: TrainOptions, sheet: Path | None) -> list[Metric]:
    """Train on the beginning of a take and measure on its end."""
    last = round(len(take) * (1 - HELD_OUT))
    known, unknown = take.part(0, last), take.part(last, len(take))
    start = time.process_time()
    trainer = Trainer(known, options)
    while not trainer.finished:
        trainer.advance()
    seconds = time.process_time() - start
    splats, rig = trainer.splats(), trainer.rig
    mesh = TexturedMesh.build(known)
    rows = torch.linspace(0, len(unknown) - 1, min(FRAMES, len(unknown))).long().tolist()
    errors = trainer.tracker_errors()
    heads = [errors.mended(unknown.weights[r], unknown.head_at(r)) for r in rows]
    mended = unknown.posed(
        rows, [(unknown.weights[r], head) for r, head in zip(rows, heads, strict=True)]
    )
    tracked = [(mended.weights[r], mended.head_at(r), Adjustment()) for r in rows]
    found = [fit_frame(splats, rig, mended, r) for r in rows]
    fitted = [(fit.weights, fit.world_from_head, fit.adjusted) for fit in found]
    camera = take.camera.resized(*size_at(take, options.size))

    def of_splats(pose: Pose) -> Tensor:
        with torch.no_grad():
            posed = pose_splats(splats, rig, *pose)
            return draw_splats(posed, camera, torch.ones(3)).features.clamp(0, 1)

    calm = known.weights.median(0).values
    static = of_splats((calm, Transform.identity(calm), Adjustment()))
    lighting = SplatLighting.build(known.head, splats)

    def relit(pose: Pose) -> Tensor:
        with torch.no_grad():
            posed = pose_splats(splats, rig, *pose)
            vertices = pose[1].apply(known.head.pose(pose[0]))
            lit = lighting.lit(posed, vertices, lighting.filmed_light, camera, tone=False)
            return draw_splats(lit, camera, torch.ones(3)).features.clamp(0, 1)

    drawers: dict[str, Callable[[Pose], Tensor]] = {
        "splats": of_splats,
        "splats lit anew as filmed": relit,
        "textured mesh": lambda pose: mesh.picture(pose[0], pose[1], camera),
        "static head": lambda _: static,
    }
    truths = [_truth(unknown, row, (camera.width, camera.height)) for row in rows]
    metrics: list[Metric] = []
    sheets: list[list[Tensor]] = [truths]
    for poses, kind in ((tracked, "tracked"), (fitted, "fitted")):
        for name, draw in drawers.items():
            drawn = [draw(pose) for pose in poses]
            sheets.append(drawn)
            quality = _quality(drawn, truths)
            metrics += _metrics(f"{take.name}, {name}, {kind}", quality)
    sys.stdout.write(
        f"{take.name}: {len(known)} frames, {len(splats):,} splats, {trainer.step} steps, "
        f"{seconds:.0f} s of one processor\n"
    )
    if sheet is not None:
        _write_sheet(sheets, sheet)
    return metrics


def _truth(take: Take, row: int, size: tuple[int, int]) -> Tensor:
    picture, matte = matted(take, row, size)
    return picture + (1 - matte)


def _quality(drawn: list[Tensor], truths: list[Tensor]) -> Quality:
    pairs = list(zip(drawn, truths, strict=True))

    def mean(of: Callable[[Tensor, Tensor], float]) -> float:
        return sum(of(*pair) for pair in pairs) / len(pairs)

    return Quality(psnr=mean(psnr), ssim=mean(ssim), gmsd=mean(gmsd))


def _metrics(name: str, quality: Quality) -> list[Metric]:
    sys.stdout.write(
        f"  {name:45} {quality.psnr:6.2f} dB  SSIM {quality.ssim:.4f}  GMSD {quality.gmsd:.4f}\n"
    )
    sys.stdout.flush()
    return [
        Metric(
            name=f"{name}: PSNR",
            value=round(quality.psnr, 2),
            unit="dB",
            direction="higher is better",
            tolerance=0.03,
        ),
        Metric(
            name=f"{name}: SSIM",
            value=round(quality.ssim, 4),
            unit="",
            direction="higher is better",
            tolerance=0.02,
        ),
        Metric(
            name=f"{name}: GMSD",
            value=round(quality.gmsd, 4),
            unit="",
            direction="lower is better",
            tolerance=0.1,
        ),
    ]


def _write_sheet(sheets: list[list[Tensor]], path: Path) -> None:
    """Truth first, then each way of drawing, tracked and then fitted, row by row."""
    some = slice(None, None, 2)
    rows = [torch.cat(pictures[some], 1) for pictures in sheets]
    picture = (torch.cat(rows)[::2, ::2] * 255).to(torch.uint8)
    Image.fromarray(picture.numpy()).save(path)


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Measure splat avatars on held-out frames.")
    parser.add_argument("--inputs", type=Path, default=Path(__file__).parents[3] / "shared/inputs")
    parser.add_argument("--clips", nargs="*", default=CLIPS)
    parser.add_argument("--splats", type=int, default=12_000)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--takes", type=Path, help="folder in which takes are kept between runs")
    parser.add_argument("--sheets", type=Path, help="folder for contact sheets")
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    arguments = parser.parse_args()
    if not arguments.inputs.is_dir():
        sys.stderr.write(f"{arguments.inputs}: no such folder; name it with --inputs\n")
        return 2
    torch.set_num_threads(1)
    options = TrainOptions(splats=arguments.splats, steps=arguments.steps)
    metrics: list[Metric] = []
    for clip in arguments.clips:
        take = _take(arguments.inputs / "videos" / f"{clip}.mp4", arguments.takes)
        sheet = arguments.sheets / f"{clip}.png" if arguments.sheets else None
        metrics += measure(take, options, sheet)
    baseline = Path(__file__).with_suffix(".json")
    problems = gate(metrics, baseline, update=arguments.update, partial=True)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


def _take(video: Path, folder: Path | None) -> Take:
    kept = None if folder is None else folder / f"{video.stem}.take"
    if kept is not None and kept.is_file():
        return load_take(kept)
    take = prepare_take(video, TakeOptions(portrait_share=1 - HELD_OUT))
    if kept is not None:
        save_take(take, kept)
    return take


if __name__ == "__main__":
    sys.exit(main())
