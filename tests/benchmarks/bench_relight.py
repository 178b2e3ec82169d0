"""How like the truth a splat avatar is in a light it was not filmed in.

    python -m tests.benchmarks.bench_relight --inputs FOLDER [--subjects 0 1 ...] [--update]

A person who does not exist is path-traced in one light as a short film and, in the poses of its
last frames, in other lights (`tests.benchmarks.gaussian.relit_person`). The film alone goes
through what `avatar train` does: tracking, reconstruction, training. The frames held out tell the
poses; the avatar is then lit by each other light's panorama and compared with the truth where both
the truth and the avatar cover a pixel, for how bright a photographer exposes is anyone's taste, at
the best exposure each. `baked` is the avatar without relighting, `mesh` the reconstructed head in
the same light.

Albedo is compared as displayed, at the best exposure. The light leak is the slope by which the
logarithm of the error of the albedo follows that of the light the film was made in: 0 is clean,
1 is a colour as filmed.
"""

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.material import LUMINANCE, linear_from_srgb, srgb_from_linear
from avatar.core.pose_splats import PosedSplats, SplatRig, pose_splats
from avatar.create.prepare_take import TakeOptions, prepare_take
from avatar.gaussian.fit_frame import FittedFrame, fit_frame
from avatar.gaussian.options import TrainOptions
from avatar.gaussian.take import Take
from avatar.gaussian.take_file import load_take, save_take
from avatar.gaussian.trainer import Trainer
from avatar.render.draw_splats import draw_splats
from avatar.render.light import Light
from avatar.render.options import RenderOptions
from avatar.render.panorama_light import panorama_light
from avatar.render.relight_splats import SplatLighting
from avatar.render.render_head import render_head
from avatar.render.scene import prepare_scene
from tests.benchmarks.gaussian.relit_person import (
    FRAMES,
    HELD_OUT,
    SIDE,
    UNSEEN,
    RelitPerson,
    relit_person,
)
from tests.benchmarks.metric import Metric, gate
from tests.video_files import write_video

_ROUNDS = 4
_BROAD = 9
"""Pixels over which albedo and light are averaged where the leak is looked for."""

Picture = Float[Tensor, "height width 3"]
Drawer = Callable[[FittedFrame], tuple[Picture, Bool[Tensor, "height width"]]]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The truth, and what was learned of it."""

    person: RelitPerson
    take: Take
    head: Avatar
    lighting: SplatLighting
    rig: SplatRig
    fits: tuple[FittedFrame, ...]

    def drawn(self, posed: PosedSplats) -> tuple[Picture, Bool[Tensor, "height width"]]:
        """Return a picture over black, and where the avatar covers it."""
        white, black = (
            draw_splats(posed, self.take.camera, torch.full((3,), level)).features
            for level in (1.0, 0.0)
        )
        return black.clamp(0, 1), (white - black).mean(-1) < 0.1

    def posed(self, fit: FittedFrame) -> PosedSplats:
        """Return the splats of a frame as filmed."""
        splats = self.lighting.splats
        return pose_splats(splats, self.rig, fit.weights, fit.world_from_head, fit.adjusted)


def learn(person: RelitPerson, name: str, folder: Path, options: TrainOptions) -> Subject:
    """Train on the film's beginning, find the poses of its end."""
    kept = folder / f"{name}.take"
    if not kept.is_file():
        write_video(folder / f"{name}.mp4", list(person.film))
        share = 1 - HELD_OUT / FRAMES
        take = prepare_take(folder / f"{name}.mp4", TakeOptions(size=SIDE, portrait_share=share))
        save_take(take, kept)
    take = load_take(kept)
    if len(take) != FRAMES or (take.camera.width, take.camera.height) != (SIDE, SIDE):
        raise ValueError(f"{name}: expected the take to hold the film's frames whole")
    trainer = Trainer(take.part(0, FRAMES - HELD_OUT), options)
    while not trainer.finished:
        trainer.advance()
    splats = trainer.splats()
    fits = tuple(
        fit_frame(splats, trainer.rig, take, row) for row in range(FRAMES - HELD_OUT, FRAMES)
    )
    head = replace(take.head, splats=splats)
    return Subject(
        person=person,
        take=take,
        head=head,
        lighting=SplatLighting.build(head, splats),
        rig=trainer.rig,
        fits=fits,
    )


@torch.no_grad()
def measure(subject: Subject, sheet: Path | None) -> dict[str, float]:
    """Return the figures of one person."""
    figures: dict[str, float] = {}
    filmed = [subject.drawn(subject.posed(fit))[0] for fit in subject.fits]
    film = [torch.from_numpy(srgb).float() / 255 for srgb in subject.person.film[-HELD_OUT:]]
    sheets = [film, filmed]
    for number, name in enumerate(UNSEEN):
        figures |= _relit_figures(subject, number, name, sheets)
    figures |= _albedo_figures(subject, sheets)
    if sheet is not None:
        rows = torch.cat([torch.cat(pictures, 1) for pictures in sheets]).clamp(0, 1)
        Image.fromarray((rows * 255).to(torch.uint8).numpy()).save(sheet)
    return figures


def _relit_figures(
    subject: Subject, number: int, light_name: str, sheets: list[list[Tensor]]
) -> dict[str, float]:
    person = subject.person
    light = panorama_light(torch.from_numpy(person.unseen[number]).float())
    scene = prepare_scene(subject.head)

    def relit(fit: FittedFrame, strength: float) -> tuple[Tensor, Tensor]:
        vertices = fit.world_from_head.apply(subject.head.pose(fit.weights))
        shone = subject.lighting.lit(
            subject.posed(fit), vertices, light.scaled(strength), subject.take.camera, tone=False
        )
        return subject.drawn(shone)

    def baked(fit: FittedFrame, strength: float) -> tuple[Tensor, Tensor]:
        posed = subject.posed(fit)
        return subject.drawn(_brightened(posed, strength))

    def mesh(fit: FittedFrame, strength: float) -> tuple[Tensor, Tensor]:
        vertices = fit.world_from_head.apply(subject.head.pose(fit.weights))
        options = RenderOptions(light=light.scaled(strength), samples=4, tone=False)
        drawn = render_head(scene.moved(vertices), subject.take.camera, options)
        return srgb_from_linear(drawn[..., :3]), drawn[..., 3] > 0.9

    truths = [torch.from_numpy(picture).float() for picture in person.relit[number]]
    figures: dict[str, float] = {}
    sheets.append([srgb_from_linear(truth) for truth in truths])
    for name, draw in (("relit", relit), ("baked", baked), ("mesh", mesh)):
        values, pictures = [], []
        for frame, fit in enumerate(subject.fits):
            covered = torch.from_numpy(person.covered[frame])
            picture, where = _exposed(draw, fit, truths[frame], covered)
            values.append(_psnr(picture, srgb_from_linear(truths[frame]), where))
            pictures.append(picture * where[..., None])
        figures[f"{light_name}, {name}: PSNR"] = sum(values) / len(values)
        sheets.append(pictures)
    return figures


def _albedo_figures(subject: Subject, sheets: list[list[Tensor]]) -> dict[str, float]:
    person = subject.person
    even = Light(environment=torch.eye(9)[:, :1].expand(9, 3) * 1.0, sheen=0.0, mirrored=0.0)
    open_sky = replace(
        subject.lighting,
        relighting=replace(
            subject.lighting.relighting,
            openness=torch.ones_like(subject.lighting.relighting.openness),
        ),
    )
    errors: dict[str, list[float]] = {"albedo": [], "baked albedo": []}
    leaks: dict[str, list[float]] = {"light leak": [], "baked light leak": []}
    shown: list[Tensor] = []
    truths: list[Tensor] = []
    for number, fit in enumerate(subject.fits):
        truth = torch.from_numpy(person.albedo[number]).float()
        covered = torch.from_numpy(person.covered[number])
        light = torch.from_numpy(person.filmed[number]).float() / truth.clamp_min(0.01)
        vertices = fit.world_from_head.apply(subject.head.pose(fit.weights))
        posed = subject.posed(fit)
        flat = open_sky.lit(posed, vertices, even, subject.take.camera, tone=False)
        for kind, splats in (("", flat), ("baked ", posed)):
            picture, own = subject.drawn(splats)
            where = covered & own
            linear = linear_from_srgb(picture)
            linear = linear * _gain(linear, truth, where)
            error = (srgb_from_linear(linear) - srgb_from_linear(truth))[where]
            errors[f"{kind}albedo"].append(float(error.square().mean().sqrt()))
            leaks[f"{kind}light leak"].append(_leak(linear, truth, light, where))
            if not kind:
                shown.append(srgb_from_linear(linear) * where[..., None])
                truths.append(srgb_from_linear(truth))
    sheets += [truths, shown]
    return {
        **{f"{name}: error": sum(values) / len(values) for name, values in errors.items()},
        **{name: sum(values) / len(values) for name, values in leaks.items()},
    }


def _leak(
    albedo: Tensor, truth: Tensor, light: Tensor, where: Bool[Tensor, "height width"]
) -> float:
    """Return the slope of the albedo's error by the light, both logarithms of broad averages."""
    weight = torch.tensor(LUMINANCE)
    inside = _broad(where.float())

    def logs(values: Tensor) -> Tensor:
        mean = _broad((values @ weight) * where) / inside.clamp_min(1e-3)
        return mean.clamp_min(1e-3).log()[where]

    error, shining = logs(albedo) - logs(truth), logs(light)
    shining = shining - shining.mean()
    return float((shining * (error - error.mean())).sum() / shining.square().sum())


def _broad(values: Float[Tensor, "height width"]) -> Float[Tensor, "height width"]:
    pool = torch.nn.functional.avg_pool2d
    return pool(values[None, None], _BROAD, 1, _BROAD // 2, count_include_pad=False)[0, 0]


def _brightened(posed: PosedSplats, strength: float) -> PosedSplats:
    linear = linear_from_srgb(posed.colors.clamp(0, 1)) * strength
    return replace(posed, colors=srgb_from_linear(linear))


def _exposed(
    draw: Callable[[FittedFrame, float], tuple[Tensor, Tensor]],
    fit: FittedFrame,
    truth: Tensor,
    covered: Bool[Tensor, "height width"],
) -> tuple[Tensor, Tensor]:
    """Return the picture at the exposure that suits the truth, and where it is compared."""
    strength = 1.0
    for _ in range(_ROUNDS):
        picture, own = draw(fit, strength)
        strength *= _gain(linear_from_srgb(picture), truth, covered & own)
    picture, own = draw(fit, strength)
    return picture, covered & own


def _gain(linear: Tensor, truth: Tensor, where: Tensor) -> float:
    """Return the factor that makes the pictures alike, robust against highlights."""
    ratio = truth.clamp(0, 1)[where].mean(-1) / linear[where].mean(-1).clamp_min(1e-4)
    return float(ratio.median())


def _psnr(picture: Tensor, truth: Tensor, where: Tensor) -> float:
    return -10 * math.log10(float((picture - truth)[where].square().mean()))


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Measure relit splat avatars.")
    parser.add_argument("--inputs", type=Path, default=Path(__file__).parents[3] / "shared/inputs")
    parser.add_argument("--folder", type=Path, default=Path("build/relight"))
    parser.add_argument("--subjects", type=int, nargs="*", default=[0])
    parser.add_argument("--splats", type=int, default=6000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    options = TrainOptions(splats=arguments.splats, steps=arguments.steps, size=SIDE)
    metrics: list[Metric] = []
    for number in arguments.subjects:
        person = relit_person(arguments.inputs, arguments.folder, number)
        subject = learn(person, f"relit_{number}", arguments.folder, options)
        figures = measure(subject, arguments.folder / f"relit_{number}.png")
        for name, value in figures.items():
            sys.stdout.write(f"subject {number}, {name:26} {value:8.3f}\n")
            metrics.append(_metric(f"subject {number}, {name}", value))
    baseline = Path(__file__).with_suffix(".json")
    problems = gate(metrics, baseline, update=arguments.update, partial=True)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


def _metric(name: str, value: float) -> Metric:
    psnr = name.endswith("PSNR")
    return Metric(
        name=name,
        value=round(value, 3),
        unit="dB" if psnr else "",
        direction="higher is better" if psnr else "lower is better",
        tolerance=0.05 if psnr else 0.2,
    )


if __name__ == "__main__":
    sys.exit(main())
