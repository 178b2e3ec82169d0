"""A take to an avatar: training that tells how far it is, and outlives being killed."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from avatar.core.avatar import Avatar
from avatar.gaussian.checkpoint import resume, save_checkpoint
from avatar.gaussian.options import TrainOptions
from avatar.gaussian.take import Take
from avatar.gaussian.team import Team
from avatar.gaussian.trainer import Trainer

CHECKPOINT_EVERY = 60.0
"""Seconds between checkpoints."""

_TELL_EVERY = 50
"""Steps between looks at the clock."""

Progress = Callable[[str, float], None]


def train(
    take: Take,
    options: TrainOptions | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
    team: Team | None = None,
) -> Avatar:
    """Return the take's head with splats trained on its frames.

    With a `checkpoint` the state is kept there every minute, and when the work is interrupted; if
    the file is there already, training goes on from it and ends as it would have without the
    break. It is deleted at the end. All processes of a `team` end with the same avatar; its leader
    keeps the checkpoint.

    Raises:
        BundleError: the checkpoint is damaged or belongs to another training.
        OutputError: it cannot be written.
    """
    team = team or Team()
    trainer = Trainer(take, options or TrainOptions(), team)
    if checkpoint is not None:
        resume(trainer, checkpoint)
        team.wait()
    kept = checkpoint if team.leads else None
    clock = _Clock(trainer)
    try:
        while not trainer.finished:
            trainer.advance()
            if trainer.step % _TELL_EVERY:
                continue
            if progress is not None:
                progress(clock.told(trainer), trainer.step / trainer.steps)
            if kept is not None and clock.minute_passed():
                save_checkpoint(trainer, kept)
    except KeyboardInterrupt:
        if kept is not None:
            save_checkpoint(trainer, kept)
        raise
    avatar = trained_avatar(trainer)
    if kept is not None:
        kept.unlink(missing_ok=True)
    return avatar


def trained_avatar(trainer: Trainer) -> Avatar:
    """Return the head with the trainer's splats, and how the training went in its report."""
    head, splats = trainer.take.head, trainer.splats()
    told = {
        "frames": len(trainer.take),
        "steps": trainer.step,
        "splats": len(splats),
        "psnr_on_training_frames": round(trainer.psnr, 2),
        "seed": trainer.options.seed,
    }
    return replace(head, splats=splats, report={**head.report, "training": told})


class _Clock:
    """Knows how fast it goes, and when a minute is over."""

    def __init__(self, trainer: Trainer) -> None:
        self._start, self._first = time.monotonic(), trainer.step
        self._kept = self._start

    def told(self, trainer: Trainer) -> str:
        made = trainer.step - self._first
        left = (trainer.steps - trainer.step) * (time.monotonic() - self._start) / made
        minutes, seconds = divmod(round(left), 60)
        count = len(trainer.binding.corners)
        return f"{trainer.psnr:.1f} dB, {count:,} splats, {minutes}:{seconds:02d} left"

    def minute_passed(self) -> bool:
        now = time.monotonic()
        if now - self._kept < CHECKPOINT_EVERY:
            return False
        self._kept = now
        return True
