"""A head in any light, as a film."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from avatar.animation.film import Frame
from avatar.animation.relight_film import relight_frames
from avatar.animation.relight_options import RelightOptions
from avatar.animation.splat_film import splat_film_frames
from avatar.animation.splat_film_options import SplatFilmOptions
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.create.choose_light import choose_light, make_light
from avatar.create.reconstruct import Progress
from avatar.create.render_film import write_frames
from avatar.files.radiance import read_radiance
from avatar.render.frame_head import frame_head
from avatar.render.splat_stage import SplatStage


def relight(
    head: Avatar,
    path: Path,
    options: RelightOptions | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a film of a head in a light, while the light, the head or the camera goes round.

    A head with splats that can be relit is shown by these while the light goes round; from all
    around, and without such splats, by its mesh. `path` is written as the frames come; put it in
    place when it is done (`atomic_outputs`).

    Raises:
        ImageError: the panorama cannot be read.
        OutputError: the film cannot be written.
    """
    options = options or RelightOptions()
    splats = head.splats is not None and head.splats.relighting is not None
    shown = _splat_frames if splats and options.turning == "light" else _mesh_frames
    frames = shown(head, options)
    write_frames(frames, None, (path, options.seconds), options.encoding(), progress)


def _mesh_frames(head: Avatar, options: RelightOptions) -> Iterator[Frame]:
    hdr = options.light.hdr
    light = make_light(options.light, frame_head(head.mesh, size=(64, 64)))
    panorama = None if hdr is None else read_radiance(hdr)
    return relight_frames(head, light, options, panorama)


def _splat_frames(head: Avatar, options: RelightOptions) -> Iterator[Frame]:
    stage = SplatStage.build(head)
    film = SplatFilmOptions(
        size=options.size, fps=options.fps, light=replace(options.light, light_spin=1.0)
    )
    times = torch.tensor([0.0, options.seconds - 1 / options.fps])
    still = Clip(times=times, weights=torch.zeros(2, 52))
    return splat_film_frames(stage, still, film, choose_light(stage, film.light))
