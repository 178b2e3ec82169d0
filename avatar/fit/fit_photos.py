"""From photos of one person to their head: the stages of the fit, coarse to fine."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from avatar.capture.observation import Observation
from avatar.core.errors import OptionError
from avatar.fit.fit_landmarks import fit_landmarks, landmark_problem
from avatar.fit.fit_photo_consistency import fit_photo_consistency
from avatar.fit.fit_poses import fit_poses
from avatar.fit.fit_silhouette import fit_silhouette
from avatar.fit.focal import guess_focal
from avatar.fit.hair_volume import with_hair_volume
from avatar.fit.head_fit import HeadFit
from avatar.fit.identity_belief import guessed_identity
from avatar.fit.landmark_habits import load_habits
from avatar.fit.report_fit import Shape, head_fit
from avatar.head.model import HeadModel


@dataclass(frozen=True, kw_only=True)
class PhotoFitOptions:
    """What to do, each stage on its own.

    `fov_degrees` is the horizontal field of view of every photo, None to take it from EXIF or to
    estimate it. `silhouette` makes the outline of cheeks and jaw follow the matte's edge.
    `photo_consistency` refines the head, where there are several photos, until they show the same
    skin at the same place of it. `hair_volume` moves the scalp out to the outline of the hair.
    `guess` takes a network's guess as the identity's prior (`avatar.fit.guess_face`).
    """

    fov_degrees: float | None = None
    silhouette: bool = True
    photo_consistency: bool = True
    hair_volume: bool = True
    guess: bool = False


def fit_photos(
    observations: Sequence[Observation],
    model: HeadModel,
    options: PhotoFitOptions | None = None,
) -> HeadFit:
    """Fit one head to one or several photos of the same person.

    Raises:
        OptionError: no observation, or a field of view that makes no sense.
        ModelError: the model has no measured `landmarks478`.
    """
    options = options or PhotoFitOptions()
    if not observations:
        raise OptionError("observations: expected at least one, got none")
    clock = _Clock()
    with torch.no_grad():
        with clock("landmarks"):
            focals = [guess_focal(seen.photo, options.fov_degrees) for seen in observations]
            problem = landmark_problem(observations, model, focals, load_habits())
            if options.guess:
                problem = replace(problem, belief=guessed_identity(observations, model))
            state = fit_landmarks(problem)
        with clock("silhouette"):
            fit_outline = fit_silhouette if options.silhouette else fit_poses
            state = fit_outline(problem, state)
        if options.photo_consistency and len(observations) > 1:
            with clock("photo consistency"):
                state = fit_photo_consistency(problem, state)
        shape = Shape(state=state, offsets=torch.zeros_like(model.template))
        with clock("light"):
            fit = head_fit(observations, model, shape)
        if options.hair_volume:
            with clock("hair"):
                fit = with_hair_volume(fit, observations)
    return clock.stamped(fit)


def fit_photo(
    observation: Observation, model: HeadModel, options: PhotoFitOptions | None = None
) -> HeadFit:
    """Fit one head to one photo; see `fit_photos`."""
    return fit_photos([observation], model, options)


class _Clock:
    """Times named stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Generator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start

    def stamped(self, fit: HeadFit) -> HeadFit:
        return replace(fit, timings=self.seconds)
