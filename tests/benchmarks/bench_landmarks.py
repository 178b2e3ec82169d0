"""How close fitted landmarks come to detected ones in real photos, in % of the inter-iris distance.

    python -m tests.benchmarks.bench_landmarks [--inputs FOLDER] [--update]

Every photo of the inputs is fitted on its own. Frontal means within 15 degrees of yaw, turned 15 to
60; beyond that photos are listed, not counted. The distance between the irises is the one in the
picture, which a turn of the head shortens. `seen` are the points that the fitted head shows to the
camera; for the others the network makes up places, so they are given apart, not left out.
"""

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avatar.capture.observe import observe
from avatar.capture.read_photo import read_photo
from avatar.core.errors import AvatarError
from avatar.core.transform import euler_from_rotation
from avatar.create.report import head_rotation
from avatar.fit.fit_photos import PhotoFitOptions, fit_photo
from avatar.head.model import HeadModel
from avatar.head.registry import load_model
from tests.benchmarks.metric import Metric, gate

FRONTAL, TURNED = 15, 60
LEAST_VISIBILITY = 0.1
"""Cosine of the viewing angle from which a point counts as seen."""

PHOTOS = ("astronaut.png", "biden.jpg", "obama.jpg", "obama2.jpg", "two_people.jpg", "rgba32.png")


@dataclass(frozen=True, kw_only=True)
class Residual:
    """One photo's mean residual in % of the inter-iris distance, and the head's yaw in degrees.

    `seen` is the mean over the points the camera can see, `percent` that over all 478.
    """

    name: str
    yaw: float
    percent: float
    seen: float


def residual_of(path: Path, model: HeadModel, options: PhotoFitOptions) -> Residual:
    """Fit one photo and return how far its landmarks stay from the detected ones."""
    if model.landmarks478 is None:
        raise AssertionError("fit_photo refuses models without landmarks")
    observation = observe(read_photo(path))
    (photo,) = fit_photo(observation, model, options).photos
    shown = model.landmarks478.on(photo.visibility[:, None])[:, 0] > LEAST_VISIBILITY
    off = (photo.landmarks - observation.landmarks).norm(dim=1) / observation.inter_iris_distance
    _, yaw, _ = euler_from_rotation(head_rotation(photo.camera).rotation)
    return Residual(
        name=path.name,
        yaw=math.degrees(float(yaw)),
        percent=100 * photo.landmark_residual_relative,
        seen=100 * float(off[shown].mean()),
    )


def metrics_of(residuals: list[Residual]) -> list[Metric]:
    """Return mean and largest residual of frontal and of turned heads."""
    groups = {
        f"frontal (under {FRONTAL} degrees)": [r for r in residuals if abs(r.yaw) < FRONTAL],
        f"{FRONTAL} to {TURNED} degrees": [r for r in residuals if FRONTAL <= abs(r.yaw) < TURNED],
    }
    return [
        Metric(
            name=f"landmark residual, {group}, {points} points: {kind}",
            value=round(float(reduce(values)), 3),
            unit="% of the inter-iris distance",
            direction="lower is better",
            tolerance=0.1,
        )
        for group, own in groups.items()
        if own
        for points, values in (
            ("seen", [r.seen for r in own]),
            ("all", [r.percent for r in own]),
        )
        for kind, reduce in (("mean", np.mean), ("largest", np.max))
    ]


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Measure landmark residuals on real photos.")
    parser.add_argument("--inputs", type=Path, default=Path(__file__).parents[3] / "shared/inputs")
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    arguments = parser.parse_args()
    folder = arguments.inputs / "photos"
    options = PhotoFitOptions()
    model, residuals = load_model(), list[Residual]()
    for path in [*(folder / name for name in PHOTOS), *sorted((folder / "woman10").glob("*.jpg"))]:
        try:
            residuals.append(residual_of(path, model, options))
        except AvatarError as error:
            sys.stdout.write(f"{path.name}: {error}\n")
            continue
        last = residuals[-1]
        sys.stdout.write(
            f"{last.name:<16} yaw {last.yaw:6.1f}  {last.seen:5.2f} %  {last.percent:5.2f} %\n"
        )
    metrics = metrics_of(residuals)
    sys.stdout.writelines(f"{m.name}: {m.value:.2f} {m.unit}\n" for m in metrics)
    baseline = Path(__file__).with_name("bench_landmarks.json")
    problems = gate(metrics, baseline, update=arguments.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
