"""`avatar train`: a video to an avatar of Gaussian splats."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from avatar.cli.inputs import check_inputs
from avatar.cli.outputs import check_paths, check_suffix
from avatar.cli.progress import Update, part_of, progress_bar
from avatar.create.track_options import TrackOptions
from avatar.gaussian.options import TrainOptions

if TYPE_CHECKING:
    from avatar.create.prepare_take import TakeOptions
    from avatar.gaussian.take import Take

TRACK_DEFAULTS = TrackOptions()
TRAIN_DEFAULTS = TrainOptions()
TAKE = ".take"


def train(
    source: Positional[Path],
    *,
    output: Annotated[Path, arg(aliases=["-o"])] = Path("person.avatar"),
    take: Path | None = None,
    low_memory: bool = False,
    training: OmitArgPrefixes[TrainOptions] = TRAIN_DEFAULTS,
    tracking: OmitArgPrefixes[TrackOptions] = TRACK_DEFAULTS,
) -> None:
    """Train a splat avatar that looks and moves as the person in a video does.

    For example:
      avatar train clip.mp4 -o person.avatar
      avatar render person.avatar --clip other.mp4 -o out.mp4

    The work is kept every minute beside the output; when it is interrupted, even by kill -9, the
    same command goes on where it was. Several processes that torchrun starts train together:
      torchrun --nproc-per-node 4 -m avatar train clip.mp4 -o person.avatar

    Args:
        source: a video of one person filmed by a camera that stands still, or a .take of it.
        output: the avatar to write (.avatar).
        take: also keep what was found in the video (.take), to train from it again at once.
        low_memory: keep the video's frames on disk instead of in memory while they are cut out
            (while training they always are).
        training: how to train.
        tracking: how to track the video.
    """
    check_suffix("output", output, (".avatar",))
    if take is not None:
        check_suffix("take", take, (TAKE,))
    check_paths(tuple(path for path in (output, take) if path is not None))
    check_inputs(source)
    from avatar.create.prepare_take import TakeOptions  # noqa: PLC0415
    from avatar.create.train import train as train_take  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415
    from avatar.gaussian.take_file import load_take  # noqa: PLC0415
    from avatar.gaussian.team import Team  # noqa: PLC0415

    checkpoint = output.with_name(f".{output.stem}.checkpoint")
    given = source.suffix.lower() == TAKE
    kept = source if given else take or output.with_name(f".{output.stem}.{source.stem}{TAKE}")
    team = Team.joined()
    with progress_bar("avatar train") if team.leads else nullcontext(_silent) as progress:
        if team.leads and not given:
            folder = output.parent if low_memory else None
            options = TakeOptions(size=training.size // 2 * 2, frames_folder=folder)
            _keep_take(source, kept, (options, tracking, checkpoint), part_of(progress, 0.0, 0.2))
        team.wait()
        found = load_take(kept)
        if team.leads:
            sys.stderr.writelines(f"warning: {warning}\n" for warning in found.warnings)
        try:
            head = train_take(found, training, checkpoint, part_of(progress, 0.2, 1.0), team)
        except KeyboardInterrupt:
            _tell_kept((kept,))
            raise
        if not team.leads:
            return
        with atomic_outputs((output,)) as temporary:
            head.save(temporary[output])
    if not given and take is None:
        kept.unlink(missing_ok=True)
    sys.stdout.writelines(f"{path}\n" for path in (output, take) if path is not None)


def _keep_take(
    video: Path,
    kept: Path,
    how: "tuple[TakeOptions, TrackOptions, Path]",
    progress: Update,
) -> None:
    """Write the take of a video, unless it is there already and of that size."""
    from avatar.create.prepare_take import prepare_take  # noqa: PLC0415
    from avatar.create.take_draft import TakeDraft  # noqa: PLC0415
    from avatar.gaussian.take_file import load_take, save_take  # noqa: PLC0415

    options, tracking, stem = how
    if _is_recent(kept, video) and _side(load_take(kept)) == options.size:
        return
    draft = TakeDraft(stem=stem, of=_identity(video, tracking))
    try:
        found = prepare_take(video, options, tracking, progress, draft)
    except KeyboardInterrupt:
        _tell_kept(draft.paths)
        raise
    save_take(found, kept)
    draft.forget()


def _silent(stage: str, done: float) -> None:
    del stage, done


def _tell_kept(paths: tuple[Path, ...]) -> None:
    if any(path.is_file() for path in paths):
        sys.stderr.write(
            "avatar: what is done is kept beside the output; the same command goes on there\n"
        )


def _identity(video: Path, tracking: TrackOptions) -> str:
    """Return what tells a video and how it is tracked from others."""
    if not video.is_file():
        return str(video)
    state = video.stat()
    return f"{video.resolve()} {state.st_size} {state.st_mtime_ns} {tracking}"


def _side(take: "Take") -> int:
    return max(take.camera.width, take.camera.height)


def _is_recent(take: Path, video: Path) -> bool:
    """Tell whether a take was made from the video as it is now."""
    return take.is_file() and video.is_file() and take.stat().st_mtime > video.stat().st_mtime
