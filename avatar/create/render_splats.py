"""A splat avatar's performance to films, pictures and splat files."""

from pathlib import Path

import torch
from PIL import Image

from avatar.animation.clip_file import load_clip
from avatar.animation.film_options import FilmOptions
from avatar.animation.live_link import read_live_link
from avatar.animation.resample import resample
from avatar.animation.splat_film import joint_turns, splat_film_frames, stage_camera
from avatar.animation.splat_film_options import SplatFilmOptions
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.create.choose_light import choose_light
from avatar.create.reconstruct import Progress
from avatar.create.render_film import sound_of, write_frames
from avatar.create.track_video import track_video
from avatar.export.glb_splats import export_glb_splats
from avatar.export.ply_splats import export_ply_splats
from avatar.export.spz import export_spz
from avatar.gaussian.swap_layer import swap_layer
from avatar.render.splat_stage import SplatStage
from avatar.speech.sound import SoundSource

_STILL_SECONDS = 2.0


def performance(path: Path | None, progress: Progress | None = None) -> Clip:
    """Return a clip from a .csv, a .npz or a video; a neutral face without any.

    Raises:
        OptionError: a file that holds no clip.
        VideoError: a video that cannot be read.
        FaceNotFoundError: a video without a face.
    """
    if path is None:
        return Clip(times=torch.tensor([0.0, _STILL_SECONDS]), weights=torch.zeros(2, 52))
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return read_live_link(path)
    if suffix == ".npz":
        return load_clip(path)
    return track_video(path, progress=progress).clip()


def swapped(head: Avatar, swaps: tuple[str, ...]) -> Avatar:
    """Return an avatar with layers of others, told as `hair=other.avatar`.

    Raises:
        OptionError: a swap of another form, or one that the avatars do not allow.
        BundleError: another avatar cannot be read.
    """
    for swap in swaps:
        layer, equals, path = swap.partition("=")
        if not equals:
            raise OptionError(f"swap: expected a layer and an avatar, hair=b.avatar; got {swap!r}")
        head = swap_layer(head, Avatar.load(path), layer)
    return head


def film_splats(
    stage: SplatStage,
    clip: Clip,
    sound: SoundSource | None,
    path: Path,
    options: tuple[SplatFilmOptions, FilmOptions],
    progress: Progress | None = None,
) -> None:
    """Write the film of a splat avatar performing a clip; raises as `render_film`.

    `options` are how it looks and how it is encoded. `path` is written as the frames come.
    """
    film, encoding = options
    frames = splat_film_frames(stage, clip, film, choose_light(stage, film.light))
    if isinstance(sound, Path) and sound.suffix.lower() in (".mp4", ".mov", ".mkv", ".webm"):
        sound = sound_of(sound)
    write_frames(frames, sound, (path, float(clip.times[-1])), encoding, progress)


def write_frame(
    stage: SplatStage, clip: Clip, time: float, path: Path, options: SplatFilmOptions
) -> None:
    """Write one frame of a clip as a picture, or its splats as .ply, .spz or .glb.

    Raises:
        OptionError: a time outside the clip.
        OutputError: the file cannot be written.
    """
    if not 0 <= time <= float(clip.times[-1]):
        raise OptionError(f"time: expected 0 to {float(clip.times[-1]):.2f} s, got {time}")
    moment = resample(clip, torch.tensor([time]))
    pose = stage.head_of_joints(joint_turns(stage, moment, 0))
    camera = stage_camera(stage, options.size)
    posed = stage.lit(moment.weights[0], pose, choose_light(stage, options.light), camera)
    match path.suffix.lower():
        case ".ply":
            export_ply_splats(posed, path)
        case ".spz":
            export_spz(posed, path)
        case ".glb":
            export_glb_splats(posed, stage.head.info, path)
        case _:
            picture = stage.picture(posed, camera, torch.tensor(options.background))
            Image.fromarray((picture * 255 + 0.5).to(torch.uint8).numpy()).save(path, quality=95)
