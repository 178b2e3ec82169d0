"""`avatar view --desktop`: the window's start, or its pictures without one."""

import os
import sys
from pathlib import Path

import torch

from avatar.animation.check_film import check_film
from avatar.animation.film_options import FILM_SUFFIXES, FilmOptions
from avatar.animation.retarget import onto_joints
from avatar.cli.performance_outputs import CURVES
from avatar.cli.progress import progress_bar
from avatar.cli.view_options import DesktopOptions
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.create.default_head import default_head
from avatar.create.render_film import sound_of
from avatar.create.render_splats import performance
from avatar.files.atomic import atomic_outputs
from avatar.files.radiance import read_radiance
from avatar.render.panorama_light import panorama_light
from viewers.desktop.headless import HeadlessStage, moment, write_clip_film, write_picture
from viewers.desktop.stage import StageSettings
from viewers.stage.framings import frame_orbit
from viewers.stage.lighting import LIGHTS, Lighting


def open_desktop(path: Path | None, options: DesktopOptions) -> None:
    """Show a head in a window until it is closed, or write its pictures.

    Raises:
        OptionError: an option that makes no sense here, no screen, or no OpenGL.
        OutputError: a file that cannot be written.
    """
    if not options.headless:
        check_display()
    settings = _settings(options)
    avatar = _head(path)
    if options.look == "splats" and avatar.splats is None:
        raise OptionError(
            f"look: {avatar.info.name} has no splats; `avatar train` makes such heads"
        )
    if options.look is None and avatar.splats is not None:
        settings = StageSettings(
            look="splats", lighting=settings.lighting, backdrop=settings.backdrop
        )
    if options.headless:
        _write(avatar, settings, options)
        return
    from viewers.desktop.window import show_window  # noqa: PLC0415 -- needs a screen

    show_window(avatar, settings, options)


def check_display() -> None:
    """Refuse to open a window where there is no screen; OptionError says what to do instead."""
    if sys.platform in ("win32", "darwin"):
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise OptionError(
            "desktop: there is no screen here (DISPLAY is not set); `avatar view` without --desktop"
            " shows the head in a browser, also on another machine, and --desktop --headless -o"
            " frame.png draws without a window"
        )


def clip_of(options: DesktopOptions, avatar: Avatar) -> tuple[Clip | None, Path | None]:
    """Return the performance to play on this head, and the sound that goes with it."""
    if options.clip is None:
        return None, options.sound
    with progress_bar("avatar view") as progress:
        clip = onto_joints(performance(options.clip, progress), avatar.rig.joint_names)
    is_video = options.clip.suffix.lower() not in CURVES
    return clip, options.sound or (sound_of(options.clip) if is_video else None)


def _head(path: Path | None) -> Avatar:
    if path is None:
        return default_head()
    if path.is_dir():
        raise OptionError(
            f"path: the window shows one head (.avatar), and {path} is a folder; leave --desktop"
            " out for the gallery"
        )
    if not path.is_file():
        raise OptionError(f"path: there is no {path}; give a head (.avatar)")
    return Avatar.load(path)


def _settings(options: DesktopOptions) -> StageSettings:
    lighting = Lighting()
    if options.light in LIGHTS:
        lighting = Lighting(room=options.light)
    elif options.light.lower().endswith(".hdr"):
        lighting = Lighting(own=panorama_light(read_radiance(options.light)))
    else:
        raise OptionError(
            f"light: expected one of {', '.join(LIGHTS)}, or a file ending in .hdr; got"
            f" {options.light!r}"
        )
    return StageSettings(
        look=options.look or "shaded", lighting=lighting, backdrop=options.backdrop
    )


@torch.no_grad()
def _write(avatar: Avatar, settings: StageSettings, options: DesktopOptions) -> None:
    films = [path for path in options.output if path.suffix.lower() in FILM_SUFFIXES]
    for path in films:
        check_film(path, FilmOptions())
    if films and options.clip is None:
        raise OptionError(f"output: {films[0].name} is a film, which needs a --clip to play")
    clip, sound = clip_of(options, avatar)
    pose = moment(clip, options.time)
    width, height = options.size
    if films:
        width, height = width // 2 * 2, height // 2 * 2
    camera = frame_orbit(avatar.mesh.vertices, options.framing, width / height).camera(
        width, height
    )
    with (
        HeadlessStage(avatar, settings) as stage,
        progress_bar("avatar view") as progress,
        atomic_outputs(options.output) as temporary,
    ):
        for path in options.output:
            if path in films and clip is not None:
                write_clip_film(stage, camera, (clip, sound), temporary[path], progress)
            else:
                write_picture(stage, camera, pose, temporary[path])
    sys.stdout.writelines(f"{path}\n" for path in options.output)
