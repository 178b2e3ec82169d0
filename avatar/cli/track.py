"""`avatar track` and `avatar drive`: a video to a performance, and onto another head."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from avatar.animation.film_options import FILM_SUFFIXES, FilmOptions
from avatar.animation.retarget_options import RetargetOptions
from avatar.cli.inputs import check_inputs
from avatar.cli.performance_outputs import (
    CURVES,
    check_performance_outputs,
    is_film,
    write_performance,
)
from avatar.cli.progress import part_of, progress_bar
from avatar.cli.track_camera import LiveCameraOptions, track_camera
from avatar.core.errors import OptionError
from avatar.create.track_options import TrackOptions

TRACK_DEFAULTS = TrackOptions()
FILM_DEFAULTS = FilmOptions()
LIVE_DEFAULTS = LiveCameraOptions()
RETARGET_DEFAULTS = RetargetOptions()


def track(
    video: Positional[Path | None] = None,
    *,
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = (),
    head: Path | None = None,
    live: Annotated[LiveCameraOptions, arg(name="")] = LIVE_DEFAULTS,
    tracking: OmitArgPrefixes[TrackOptions] = TRACK_DEFAULTS,
    film: Annotated[FilmOptions, arg(name="film")] = FILM_DEFAULTS,
) -> None:
    """Follow a face through a video and write what it does.

    For example:
      avatar track clip.mp4 -o take.glb
      avatar track clip.mp4 -o take.csv overlay.mp4 --head other.avatar
      avatar track --camera 0 --live --send vmc://127.0.0.1 -o take.csv

    Args:
        video: what to track (MP4, MOV, WebM, MKV, ...).
        output: what to write: the person's own head with the animation (.glb), the head alone
            (.avatar), the curves for Live Link Face (.csv) or as arrays (.npz), or a film of the
            fitted mesh over the video beside a second head (.mp4, .webm, ...); several are fine.
            Without it: take.glb, or nothing in live tracking.
        head: use this head (.avatar) in the .glb and in the film, not the person's own.
        live: tracking as it happens.
        tracking: how to track.
        film: how a film looks.
    """
    if live.camera is not None or live.live:
        track_camera(_source(video, live), output, head, live, tracking)
        return
    live.check_offline()
    if video is None:
        raise OptionError(
            "video: expected a video, or --camera with a camera's number; got neither"
        )
    output = output or (Path("take.glb"),)
    check_performance_outputs(output, (".glb", ".avatar", *CURVES, *FILM_SUFFIXES), film)
    check_inputs(video, head)
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


def _source(video: Path | None, live: LiveCameraOptions) -> str:
    if live.camera is not None and video is not None:
        raise OptionError("camera: a video is given too; give one of them")
    if live.camera is None and video is None:
        raise OptionError("live: expected --camera with a camera's number, or a video; got neither")
    return live.camera if live.camera is not None else str(video)


def drive(
    head: Positional[Path],
    video: Positional[Path],
    *,
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = (Path("out.mp4"),),
    retargeting: Annotated[RetargetOptions, arg(name="clip")] = RETARGET_DEFAULTS,
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
        retargeting: how the performance is put onto the head.
        tracking: how to track.
        film: how the film looks.
    """
    check_performance_outputs(output, (".glb", *CURVES, *FILM_SUFFIXES), film)
    check_inputs(head, video)
    from avatar.animation.retarget import retarget  # noqa: PLC0415
    from avatar.core.avatar import Avatar  # noqa: PLC0415
    from avatar.create.render_film import render_film, sound_of  # noqa: PLC0415
    from avatar.create.track_video import track_video  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415

    actor = Avatar.load(head)
    tracked = 0.4 if any(is_film(path) for path in output) else 1.0
    with progress_bar("avatar drive") as progress, atomic_outputs(output) as temporary:
        take = track_video(video, tracking, part_of(progress, 0.0, tracked))
        clip = retarget(take.clip(), actor.rig.joint_names, retargeting)
        for path in output:
            if is_film(path):
                filmed = part_of(progress, tracked, 1.0)
                render_film(actor, clip, sound_of(video), temporary[path], film, filmed)
            else:
                write_performance(actor, clip, temporary[path], path.suffix.lower())
    sys.stderr.writelines(f"warning: {warning}\n" for warning in take.warnings)
    sys.stdout.writelines(f"{path}\n" for path in output)
