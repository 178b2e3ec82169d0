"""A tracked video as a film: the picture, the fitted mesh over it, and another head doing it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from avatar.animation.film import film_frames
from avatar.animation.film_options import FilmOptions
from avatar.capture.read_video import open_video
from avatar.core.avatar import Avatar
from avatar.core.material import linear_from_srgb
from avatar.create.default_head import plain_head
from avatar.create.reconstruct import Progress
from avatar.create.render_film import Frame, sound_of, write_frames
from avatar.fit.video.track import Track
from avatar.render.film_scene import FilmScene, prepare_film_scene
from avatar.render.light import studio_light
from avatar.render.render_overlay import OverlayOptions, render_overlay
from avatar.render.tone import to_bytes


def film_track(
    video: Path,
    track: Track,
    head: Avatar,
    path: Path,
    options: FilmOptions | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a film of three pictures side by side, with the video's sound.

    The video, the fitted mesh over it, and `head` performing the same. `path` is written as the
    frames come; put it in place when it is done.

    Raises:
        VideoError: the video can no longer be read.
        OutputError: the film cannot be written.
    """
    options = options or FilmOptions()
    frames = _side_by_side(video, track, head, options)
    write_frames(frames, sound_of(video), (path, float(track.times[-1])), options, progress)


def _side_by_side(video: Path, track: Track, head: Avatar, options: FilmOptions) -> Iterator[Frame]:
    performer = film_frames(head, track.clip(), options)
    person = plain_head(track.model, track.model.vertices(track.identity), "person")
    mesh = prepare_film_scene(person, studio_light(track.camera(0)))
    last: Frame | None = None
    for picture, row in _at_rate(video, track, options.fps):
        last = next(performer, last)
        if last is None:
            return
        small = _scaled(picture, options.size)
        over = to_bytes(_overlaid(small, track, row, mesh)).numpy()
        yield np.concatenate([to_bytes(small).numpy(), over, last], 1)


def _at_rate(
    video: Path, track: Track, fps: int
) -> Iterator[tuple[UInt8[Tensor, "height width 3"], int]]:
    """Give the frame shown at every 1 / fps, with its number."""
    shown, number = 0, -1
    before: tuple[UInt8[Tensor, "height width 3"], int] | None = None
    with open_video(video) as opened:
        for frame in opened.frames():
            number += 1
            while before is not None and shown / fps < frame.time - 1e-6:
                yield before
                shown += 1
            before = (frame.pixels, min(number, len(track) - 1))
    if before is not None:
        yield before


def _scaled(
    pixels: UInt8[Tensor, "height width 3"], height: int
) -> Float[Tensor, "height2 width2 3"]:
    """Return a frame of that height in linear light, its width even."""
    linear = linear_from_srgb(pixels.float() / 255).permute(2, 0, 1)[None]
    width = max(2, round(pixels.shape[1] * height / pixels.shape[0] / 2) * 2)
    small = functional.interpolate(linear, (height, width), mode="bilinear", antialias=True)
    return small[0].permute(1, 2, 0)


def _overlaid(
    picture: Float[Tensor, "height width 3"], track: Track, row: int, mesh: FilmScene
) -> Float[Tensor, "height width 3"]:
    if not bool(track.seen[row]):
        return picture
    height, width = picture.shape[:2]
    camera = track.camera(row).resized(width, height)
    scene = mesh.frame(track.weights[row], offsets=track.corrective(row))
    return render_overlay(picture, camera, scene, OverlayOptions())
