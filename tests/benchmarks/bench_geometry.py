"""How far reconstructed neutral heads are from heads of known shape (NoW protocol, millimetres).

    python -m tests.benchmarks.bench_geometry [--photos 1|3] [--expression] [--heads 11] [--update]
        [--guess prior|alone]

The heads are ICT-FaceKit identities (ordinary ones, and unusual ones: `far`) and a scan, rendered
by Mitsuba: no relatives of the model that is fitted. `mean head` is the model's template under
the same alignment, for comparison. What is measured is the NEUTRAL head, also where the pictures
show expressions.
"""

import argparse
import math
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.capture.observe import observe
from avatar.capture.read_photo import read_photo
from avatar.core.errors import AvatarError
from avatar.fit.fit_photos import PhotoFitOptions, fit_photos
from avatar.fit.identity_belief import guessed_identity
from avatar.head.model import HeadModel
from avatar.head.registry import load_model
from tests.benchmarks.geometry.cases import Case, default_folder, load_cases
from tests.benchmarks.geometry.now_metric import now_error
from tests.benchmarks.metric import Metric, gate

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Distances (mm) of one case's region vertices to the fit and to the mean head."""

    name: str
    family: str
    fitted: Array
    mean_head: Array
    seconds: float


def score_case(
    case: Case, model: HeadModel, photos: int, options: PhotoFitOptions, *, alone: bool = False
) -> Score:
    """Fit the model to a case's first pictures and measure its neutral head.

    With `alone` nothing is fitted: the network's guess is measured.
    """
    start = time.perf_counter()
    observations = [observe(read_photo(path)) for path in case.pictures[:photos]]
    if alone:
        fitted = model.vertices(guessed_identity(observations, model).mean.float())
    else:
        fitted = fit_photos(observations, model, options).neutral_vertices
    seconds = time.perf_counter() - start
    return Score(
        name=case.name,
        family=case.family,
        fitted=distances(case, model, fitted),
        mean_head=distances(case, model, model.template),
        seconds=seconds,
    )


def distances(case: Case, model: HeadModel, vertices: torch.Tensor) -> Array:
    """Return the distances (mm) of the case's region to a head of the model."""
    return now_error(
        case.vertices,
        case.landmarks,
        case.region,
        vertices.detach().double().numpy(),
        model.part("skin").faces.numpy(),
        model.landmarks68.on(vertices.detach().double()).numpy(),
    )


def summary(errors: list[Array]) -> tuple[float, float, float]:
    """Return median, mean and standard deviation over all vertices of all heads."""
    pooled = np.concatenate(errors)
    return float(np.median(pooled)), float(pooled.mean()), float(pooled.std())


def metrics_of(scores: list[Score], label: str) -> list[Metric]:
    """Return what the baseline file keeps of a run, each family of heads on its own."""
    metrics: list[Metric] = []
    for family, own in _families(scores).items():
        median, mean, _ = summary([score.fitted for score in own])
        plain = summary([score.mean_head for score in own])
        kinds = (
            ("median", median, "mm"),
            ("mean", mean, "mm"),
            ("median / mean head's median", median / plain[0], "times"),
            ("mean / mean head's mean", mean / plain[1], "times"),
        )
        metrics += [
            Metric(
                name=f"geometry, {label}, {family}: {kind}",
                value=round(value, 4),
                unit=unit,
                direction="lower is better",
                tolerance=0.05,
            )
            for kind, value, unit in kinds
        ]
    return metrics


def table(scores: list[Score]) -> str:
    """Return a line per head and per family of heads, as text."""
    lines = [f"{'head':<18}{'median':>8}{'mean':>8}{'std':>8}   mean head: median   mean  seconds"]
    rows = [(score.name, [score]) for score in scores]
    rows += [(f"all {family}", own) for family, own in _families(scores).items()]
    for name, own in rows:
        numbers = "".join(f"{value:8.3f}" for value in summary([score.fitted for score in own]))
        plain = summary([score.mean_head for score in own])
        seconds = float(np.mean([score.seconds for score in own]))
        lines.append(f"{name:<18}{numbers}{plain[0]:20.3f}{plain[1]:7.3f}{seconds:9.1f}")
    return "\n".join(lines)


def _fov(case: Case) -> float:
    camera = case.cameras[0]
    return math.degrees(2 * math.atan(camera.width / (2 * float(camera.focal))))


def _families(scores: list[Score]) -> dict[str, list[Score]]:
    families = sorted({score.family for score in scores})
    groups = {family: [s for s in scores if s.family == family] for family in families}
    return groups if len(groups) == 1 else {**groups, "heads": scores}


def main() -> int:
    """Measure, print, and compare with the baseline."""
    arguments = _arguments()
    every = load_cases(arguments.folder, expressive=arguments.expression)
    cases = [case for case in every if arguments.family in (None, case.family)][: arguments.heads]
    if not cases:
        sys.stderr.write(
            f"no such heads in {arguments.folder}: run "
            "`python -m tests.benchmarks.geometry.make_cases`\n"
        )
        return 2
    model = load_model(arguments.model)
    options = PhotoFitOptions(guess=arguments.guess == "prior")
    alone = arguments.guess == "alone"
    scores: list[Score] = []
    for case in cases:
        try:
            told = replace(options, fov_degrees=_fov(case)) if arguments.true_fov else options
            scores.append(score_case(case, model, arguments.photos, told, alone=alone))
        except AvatarError as error:
            sys.stderr.write(f"{case.name}: {error}\n")
    sys.stdout.write(table(scores) + "\n")
    state = "with expression" if arguments.expression else "neutral"
    label = f"{arguments.photos} photo{'s' * (arguments.photos > 1)}, {state}"
    metrics = metrics_of(scores, label)
    baseline = Path(__file__).with_name(f"bench_geometry_{label.replace(', ', '_')}.json")
    baseline = baseline.with_name(baseline.name.replace(" ", "_"))
    partial = len(scores) < len(every) or arguments.true_fov or arguments.guess is not None
    problems = [] if partial else gate(metrics, baseline, update=arguments.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure reconstructed heads against truth.")
    parser.add_argument("--photos", type=int, choices=(1, 3), default=1)
    parser.add_argument("--expression", action="store_true", help="pictures with expressions")
    parser.add_argument("--family", choices=("ict", "far", "scan"), help="only this kind of head")
    parser.add_argument("--heads", type=int, default=None, help="only the first so many")
    parser.add_argument("--model", default="anny")
    parser.add_argument(
        "--guess", choices=("prior", "alone"), help="take the network's guess as prior, or it alone"
    )
    parser.add_argument("--true-fov", action="store_true", help="tell the fit the field of view")
    parser.add_argument("--folder", type=Path, default=default_folder())
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
