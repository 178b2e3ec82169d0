"""`avatar track` and `avatar drive`: a video to a performance, and onto another head."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from avatar.animation.film_options import FILM_SUFFIXES, FilmOptions
from avatar.cli.performance_outputs import (
    CURVES,
    check_performance_outputs,
    is_film,
    write_performance,
)
from avatar.cli.progress import part_of, progress_bar
from avatar.create.track_options import TrackOptions

TRACK_DEFAULTS = TrackOptions()
FILM_DEFAULTS = FilmOptions()


def track(
    video: Positional[Path],
    *,
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = (Path("take.glb"),),
    head: Path | None = None,
    tracking: OmitArgPrefixes[TrackOptions] = TRACK_DEFAULTS,
    film: Annotated[FilmOptions, arg(name="film")] = FILM_DEFAULTS,
) -> None:
    """Follow a face through a video and write what it does.

    For example:
      avatar track clip.mp4 -o take.glb
      avatar track clip.mp4 -o take.csv overlay.mp4 --head other.avatar

    Args:
        video: what to track (MP4, MOV, WebM, MKV, ...).
        output: what to write: the person's own head with the animation (.glb), the head alone
            (.avatar), the curves for Live Link Face (.csv) or as arrays (.npz), or a film of the
            fitted mesh over the video beside a second head (.mp4, .webm, ...); several are fine.
        head: use this head (.avatar) in the .glb and in the film, not the person's own.
        tracking: how to track.
        film: how a film looks.
    """
    check_performance_outputs(output, (".glb", ".avatar", *CURVES, *FILM_SUFFIXES), film)
    from avatar.core.avatar import Avatar  # noqa: PLC0415
    from avatar.create.default_head import default_head  # noqa: PLC0415
    from avatar.create.film_track import film_track  # noqa: PLC0415
    from avatar.create.head_of_track import head_of_track  # noqa: PLC0415
    from avatar.create.track_video import track_video  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415

    own = Avatar.load(head) if head else None
    films = [path for path in output if is_film(path)]
    heads = [path for path in output if path.suffix.lower() in (".glb", ".avatar")]
    tracked = 1.0 if not films and not heads else 0.3 if films else 0.5
    with progress_bar("avatar track") as progress, atomic_outputs(output) as temporary:
        take = track_video(video, tracking, part_of(progress, 0.0, tracked))
        clip = take.clip()
        if heads and own is None:
            made = part_of(progress, tracked, 0.6 if films else 0.95)
            own = head_of_track(video, take, progress=made)
        for path in output:
            if is_film(path):
                filmed = part_of(progress, 0.6 if heads else tracked, 1.0)
                film_track(video, take, own or default_head(), temporary[path], film, filmed)
            else:
                write_performance(own, clip, temporary[path], path.suffix.lower())
    sys.stderr.writelines(f"warning: {warning}\n" for warning in take.warnings)
    sys.stdout.writelines(f"{path}\n" for path in output)


def drive(
    head: Positional[Path],
    video: Positional[Path],
    *,
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = (Path("out.mp4"),),
    tracking: OmitArgPrefixes[TrackOptions] = TRACK_DEFAULTS,
    film: Annotated[FilmOptions, arg(name="film")] = FILM_DEFAULTS,
) -> None:
    """Let a head do what the face in a video does.

    For example:
      avatar drive head.avatar clip.mp4 -o out.mp4

    Args:
        head: whose head (.avatar).
        video: the performance.
        output: a film with the video's sound (.mp4, .webm, ...), or the head with the animation
            (.glb); several are fine.
        tracking: how to track.
        film: how the film looks.
    """
    check_performance_outputs(output, (".glb", *CURVES, *FILM_SUFFIXES), film)
    from avatar.core.avatar import Avatar  # noqa: PLC0415
    from avatar.create.render_film import render_film, sound_of  # noqa: PLC0415
    from avatar.create.track_video import track_video  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415

    actor = Avatar.load(head)
    tracked = 0.4 if any(is_film(path) for path in output) else 1.0
    with progress_bar("avatar drive") as progress, atomic_outputs(output) as temporary:
        take = track_video(video, tracking, part_of(progress, 0.0, tracked))
        clip = take.clip()
        for path in output:
            if is_film(path):
                filmed = part_of(progress, tracked, 1.0)
                render_film(actor, clip, sound_of(video), temporary[path], film, filmed)
            else:
                write_performance(actor, clip, temporary[path], path.suffix.lower())
    sys.stderr.writelines(f"warning: {warning}\n" for warning in take.warnings)
    sys.stdout.writelines(f"{path}\n" for path in output)
