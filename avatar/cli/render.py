"""`avatar render`: a splat avatar performs a clip, or stands still in a file."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from avatar.animation.film_options import FILM_SUFFIXES, Codec
from avatar.animation.splat_film_options import SplatFilmOptions
from avatar.cli.inputs import check_inputs
from avatar.cli.outputs import PICTURE_SUFFIXES, check_paths, check_suffix
from avatar.cli.performance_outputs import CURVES, is_film
from avatar.cli.progress import progress_bar

FILM_DEFAULTS = SplatFilmOptions()
SPLAT_SUFFIXES = (".ply", ".spz", ".glb")


def render(
    avatar: Positional[Path],
    *,
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = (Path("out.mp4"),),
    clip: Path | None = None,
    sound: Path | None = None,
    time: float = 0.0,
    codec: Codec = "vp9",
    film: OmitArgPrefixes[SplatFilmOptions] = FILM_DEFAULTS,
) -> None:
    """Render an avatar that `avatar train` made.

    For example:
      avatar render person.avatar --clip speech.csv -o out.mp4
      avatar render person.avatar --clip other.mp4 -o out.mp4 --camera sway
      avatar render person.avatar --clip speech.csv --hdr studio.hdr --light-rotation 40
      avatar render person.avatar --light dark --lamp 50 25 1 --light-spin 1
      avatar render person.avatar --clip take.npz --time 1.5 -o frame.png splats.ply splats.spz

    Args:
        avatar: whose (.avatar).
        output: a film (.mp4, .webm, ...), or one frame of it: a picture (.png, .jpg), or its
            splats (.ply, .spz, or .glb with KHR_gaussian_splatting); several are fine.
        clip: the performance: curves (.csv, .npz) or a video to track; without it, a neutral face.
        sound: the film's sound; that of the clip, where it is a video.
        time: which frame of the clip goes to pictures and splats, in seconds.
        codec: the film's kind of video.
        film: how it looks.
    """
    for path in output:
        check_suffix("output", path, (*FILM_SUFFIXES, *PICTURE_SUFFIXES, *SPLAT_SUFFIXES))
    check_paths(output)
    check_inputs(avatar, clip, sound)
    from avatar.animation.check_film import check_film  # noqa: PLC0415
    from avatar.animation.film_options import FilmOptions  # noqa: PLC0415
    from avatar.core.avatar import Avatar  # noqa: PLC0415
    from avatar.create.render_splats import (  # noqa: PLC0415
        film_splats,
        performance,
        swapped,
        write_frame,
    )
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415
    from avatar.render.splat_stage import SplatStage  # noqa: PLC0415

    encoding = FilmOptions(size=max(film.size // 2 * 2, 64), fps=film.fps, codec=codec)
    for path in output:
        if is_film(path):
            check_film(path, encoding)
    head = swapped(Avatar.load(avatar), film.swap)
    stage = SplatStage.build(head, film.hide)
    with progress_bar("avatar render") as progress, atomic_outputs(output) as temporary:
        moves = performance(clip, progress)
        heard = sound or (clip if clip and clip.suffix.lower() not in CURVES else None)
        for path in output:
            if is_film(path):
                made = (film, encoding)
                film_splats(stage, moves, heard, temporary[path], made, progress)
            else:
                write_frame(stage, moves, time, temporary[path], film)
    sys.stdout.writelines(f"{path}\n" for path in output)
