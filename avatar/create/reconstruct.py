"""Photos of one person to their rigged, textured head."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from avatar.capture.observation import Observation, Photo
from avatar.core.avatar import Avatar
from avatar.core.camera import focal_from_fov
from avatar.core.errors import OptionError
from avatar.create.assemble import assemble_avatar, with_maps
from avatar.create.options import MAP_SIDES, ReconstructOptions
from avatar.create.report import build_report
from avatar.create.same_person import same_person_warnings
from avatar.create.usable_photos import observe_usable
from avatar.fit.fit_photos import PhotoFitOptions, fit_photos
from avatar.fit.head_fit import HeadFit
from avatar.head.registry import list_models, load_model
from avatar.maps.eyes import eye_colors
from avatar.maps.reflectance import ReflectanceMaps, bake_reflectance
from avatar.maps.skin import SkinMaps, bake_skin

CUT_OFF = 0.05
"""Share of a face's landmarks outside the picture from which the result is worth a warning."""

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of the whole is finished, in [0, 1]."""


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """An avatar with the evidence behind it; `maps` where all of the skin's were asked for."""

    avatar: Avatar
    fit: HeadFit
    observations: tuple[Observation, ...]
    maps: ReflectanceMaps | None = None


def reconstruct(
    images: Sequence[str | Path | Photo] | str | Path | Photo,
    options: ReconstructOptions | None = None,
    progress: Progress | None = None,
) -> Avatar:
    """Return the head of the person in the photos, with a neutral base mesh.

    Of several photos, those without a usable face are left out, with a warning in the report.

    Args:
        images: one or several photos of ONE person: paths, or `Photo`s already read.
        options: see `ReconstructOptions`.
        progress: called as the work goes on.

    Raises:
        ImageError: a photo cannot be read.
        FaceNotFoundError: no photo shows a usable face, or the one asked for.
        ModelError: the head model is not there or is damaged.
        OptionError: no photo, or an option that makes no sense.
    """
    return reconstruct_with_evidence(images, options, progress).avatar


def reconstruct_with_evidence(
    images: Sequence[str | Path | Photo] | str | Path | Photo,
    options: ReconstructOptions | None = None,
    progress: Progress | None = None,
) -> Reconstruction:
    """Like `reconstruct`, and return the fit and the observations too."""
    options = options or ReconstructOptions()
    if isinstance(images, str | Path | Photo):
        images = [images]
    if not images:
        raise OptionError("images: expected at least one photo, got none")
    _check(options)
    known = [entry.name for entry in list_models()]
    if options.model not in known:
        raise OptionError(f"model: expected one of {', '.join(known)}; got {options.model!r}")
    stages = _Stages(progress)
    # Whatever a user can get wrong comes first: building the model takes seconds.
    count = len(images)
    with stages("reading and finding the face", 0.0):
        usable = observe_usable(
            images,
            options.face,
            lambda index: stages.tell("reading and finding the face", 0.1 * index / count),
        )
    observations = usable.observations
    with stages("head model", 0.1):
        model = load_model(options.model)
    with stages("fitting the head", 0.2):
        fit = fit_photos(observations, model, _fit_options(options))
    warnings = (*usable.warnings(), *fit.warnings, *_cut_off_warnings(observations))
    if len(observations) > 1:
        with stages("comparing the photos", 0.48):
            warnings = (*warnings, *same_person_warnings(observations, model))
    with stages("texture", 0.5):
        skin, maps = _skin(fit, observations, options, stages.within(0.5, 0.95))
        eyes = eye_colors(fit, observations)
    with stages("avatar", 0.95):
        name = options.name or usable.observations[0].photo.name
        avatar = assemble_avatar(fit, skin, eyes, name)
        if maps is not None:
            avatar = with_maps(avatar, maps)
    timings = {**stages.seconds, **{f"fit: {name}": s for name, s in fit.timings.items()}}
    report = build_report(fit, usable, timings, warnings)
    return Reconstruction(
        avatar=replace(avatar, report=report), fit=fit, observations=observations, maps=maps
    )


def _skin(
    fit: HeadFit, observations: Sequence[Observation], options: ReconstructOptions, told: Progress
) -> tuple[SkinMaps, ReflectanceMaps | None]:
    """Return the skin's texture, and with it all maps where they are asked for."""
    if options.maps is None:
        return bake_skin(fit, observations, options.texture_size, told), None
    maps = bake_reflectance(fit, observations, MAP_SIDES[options.maps], options.detail, told)
    return maps.skin, maps


def _cut_off_warnings(observations: Sequence[Observation]) -> tuple[str, ...]:
    """Return a warning for every photo whose border cuts the face: the rest of it is a guess."""
    warnings: list[str] = []
    for seen in observations:
        points = seen.landmarks[:468]
        size = points.new_tensor([seen.photo.width - 1, seen.photo.height - 1])
        outside = float(((points < 0) | (points > size)).any(1).float().mean())
        if outside > CUT_OFF:
            warnings.append(
                f"{seen.photo.name}: the border cuts off {outside:.0%} of the face, which is "
                "guessed; a photo of the whole head gives a better one"
            )
    return tuple(warnings)


def _check(options: ReconstructOptions) -> None:
    if options.fov is not None:
        focal_from_fov(options.fov, 1)
    if not 64 <= options.texture_size <= 8192:
        raise OptionError(f"texture_size: expected 64 to 8192 texels, got {options.texture_size}")
    if options.maps is not None and options.maps not in MAP_SIDES:
        raise OptionError(f"maps: expected one of {', '.join(MAP_SIDES)}; got {options.maps!r}")
    if not (isfinite(options.detail) and 0 <= options.detail <= 4):
        raise OptionError(f"detail: expected 0 to 4, got {options.detail}")


def _fit_options(options: ReconstructOptions) -> PhotoFitOptions:
    return PhotoFitOptions(
        fov_degrees=options.fov,
        photo_consistency=options.photo_consistency,
        hair_volume=options.hair_volume,
    )


class _Stages:
    """Times named stages and tells the progress."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    def tell(self, name: str, done: float) -> None:
        """Tell the progress without starting a stage."""
        if self.progress:
            self.progress(name, done)

    def within(self, start: float, end: float) -> Progress:
        """Return what tells the progress of a stage, as a share of the whole."""

        def tell(name: str, done: float) -> None:
            self.tell(name, start + (end - start) * done)

        return tell

    @contextmanager
    def __call__(self, name: str, done: float) -> Generator[None, None, None]:
        self.tell(name, done)
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
