"""Films of heads that perform, with the sound that goes with it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from avatar.animation.check_film import check_film
from avatar.animation.film import film_frames, write_film
from avatar.animation.film_options import FilmOptions
from avatar.capture.read_video import open_video
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.create.reconstruct import Progress
from avatar.speech.sound import SoundSource, sound_track

Frame = UInt8[np.ndarray, "height width 3"]


def render_film(
    head: Avatar,
    clip: Clip,
    sound: SoundSource | None,
    path: Path,
    options: FilmOptions | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the film of a head performing a clip, with the sound it was made from, if any.

    `path` is written as the frames come; put it in place when it is done (`atomic_outputs`).

    Raises:
        OutputError: PyAV is missing, or the film cannot be written.
    """
    options = options or FilmOptions()
    frames = film_frames(head, clip, options)
    write_frames(frames, sound, (path, float(clip.times[-1])), options, progress)


def write_frames(
    frames: Iterator[Frame],
    sound: SoundSource | None,
    target: tuple[Path, float],
    options: FilmOptions,
    progress: Progress | None = None,
) -> None:
    """Write pictures, `options.fps` a second, with a sound; raises as `render_film`.

    `target` is the path and the film's length in seconds, by which progress is told.
    """
    path, seconds = target
    check_film(path, options)
    count = max(seconds * options.fps, 1.0)

    def told(number: int) -> None:
        if progress is not None:
            progress("filming", min(number / count, 1.0))

    track = None if sound is None else sound_track(sound)
    write_film(frames, path, track, options, told)


def sound_of(video: Path) -> Path | None:
    """Return a video as the source of its own sound, None where it is silent.

    Raises:
        VideoError: it is no video that can be read.
    """
    with open_video(video) as opened:
        return video if opened.has_sound else None
