"""A video to a splat avatar, in a job that goes on where it was when the studio is restarted."""

from collections.abc import Callable
from pathlib import Path

from avatar.core.avatar import Avatar
from avatar.create.prepare_take import TakeOptions, prepare_take
from avatar.create.train import train
from avatar.gaussian.options import TrainOptions
from avatar.gaussian.take import Take
from avatar.gaussian.take_file import load_take, save_take

Progress = Callable[[str, float], None]

TRAINING = TrainOptions(splats=12_000, size=384, steps=2500)
"""A few minutes on a laptop; `avatar train` takes its time for more."""

_PREPARED = 0.3
"""Share of the work that is done once the take is there."""


def train_avatar(
    video: Path, folder: Path, progress: Progress, options: TrainOptions = TRAINING
) -> tuple[Avatar, tuple[str, ...]]:
    """Return the avatar of the person in a video, and warnings; its state is kept in `folder`.

    Raises:
        VideoError: the video cannot be read, or shows too little of a face.
        FaceNotFoundError: no frame shows a face.
    """
    take = _take(video, folder / "video.take", options, progress)
    head = train(
        take,
        options,
        folder / "training.checkpoint",
        lambda stage, done: progress(stage, _PREPARED + (1 - _PREPARED) * done),
    )
    return head, take.warnings


def _take(video: Path, kept: Path, options: TrainOptions, progress: Progress) -> Take:
    if kept.is_file():
        return load_take(kept)
    take = prepare_take(
        video,
        TakeOptions(size=options.size),
        progress=lambda stage, done: progress(stage, _PREPARED * done),
    )
    save_take(take, kept)
    return take
