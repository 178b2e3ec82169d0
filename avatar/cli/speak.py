"""`avatar speak`: a voice to a talking head."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from avatar.animation.film_options import FilmOptions
from avatar.cli.progress import progress_bar
from avatar.core.errors import OptionError
from avatar.speech.options import SpeakOptions

if TYPE_CHECKING:
    from avatar.core.avatar import Avatar
    from avatar.core.clip import Clip

FILMS = (".mp4", ".mov", ".mkv", ".webm")
OTHERS = (".glb", ".csv", ".npz")

SPEAK_DEFAULTS = SpeakOptions()
FILM_DEFAULTS = FilmOptions()


def speak(
    inputs: Positional[tuple[Path, ...]],
    *,
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = (Path("talk.mp4"),),
    text_file: Path | None = None,
    options: OmitArgPrefixes[SpeakOptions] = SPEAK_DEFAULTS,
    film: Annotated[FilmOptions, arg(name="film")] = FILM_DEFAULTS,
) -> None:
    """Let a head say what is said in a recording.

    Examples:
      avatar speak head.avatar speech.wav -o talk.mp4
      avatar speak speech.mp3 --text "Hello there." -o talk.glb talk.csv

    Args:
        inputs: the head (.avatar; without it, the default head), and the sound: audio or video.
        output: what to write: a film (.mp4, .webm, ...), the head with the animation (.glb), the
            curves for Live Link Face (.csv) or as arrays (.npz); several at once are fine.
        text_file: a file with the words that are said, instead of --text.
        options: how to perform.
        film: how a film looks.
    """
    head_path, sound = _inputs(inputs)
    _check(output, film)
    if text_file is not None:
        options = replace(options, text=_read_text(text_file, options))
    from avatar.core.avatar import Avatar  # noqa: PLC0415
    from avatar.create.default_head import default_head  # noqa: PLC0415
    from avatar.create.speak import speak_with_evidence  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415

    filming = any(path.suffix.lower() in FILMS for path in output)
    share = 0.15 if filming else 0.9
    with progress_bar("avatar speak") as progress, atomic_outputs(output) as temporary:
        head = Avatar.load(head_path) if head_path else default_head()

        def heard(stage: str, done: float) -> None:
            progress(stage, share * done)

        def filmed(stage: str, done: float) -> None:
            progress(stage, share + (1 - share) * done)

        performance = speak_with_evidence(sound, options, head, heard)
        for path in output:
            if path.suffix.lower() in FILMS:
                _film(head, performance.clip, sound, (temporary[path], film), filmed)
            else:
                _write(head, performance.clip, temporary[path])
    for warning in performance.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    sys.stdout.writelines(f"{path}\n" for path in output)


def _inputs(inputs: tuple[Path, ...]) -> tuple[Path | None, Path]:
    heads = [path for path in inputs if path.suffix.lower() == ".avatar"]
    sounds = [path for path in inputs if path.suffix.lower() != ".avatar"]
    if len(heads) > 1 or len(sounds) != 1:
        names = " ".join(path.name for path in inputs)
        raise OptionError(f"inputs: expected [head.avatar] and one sound, got {names}")
    return (heads[0] if heads else None), sounds[0]


def _check(outputs: tuple[Path, ...], film: FilmOptions) -> None:
    """Refuse, before the work, what could not be written at its end."""
    from avatar.animation.film import check_film  # noqa: PLC0415
    from avatar.files.atomic import check_writable  # noqa: PLC0415

    if len({path.resolve() for path in outputs}) < len(outputs):
        raise OptionError("output: expected different files")
    for path in outputs:
        suffix = path.suffix.lower()
        if suffix not in (*FILMS, *OTHERS):
            raise OptionError(
                f"output: expected a file ending in {' '.join((*FILMS, *OTHERS))},"
                f" got {path.name!r}"
            )
        check_writable(path)
        if suffix in FILMS:
            check_film(path, film)


def _read_text(path: Path, options: SpeakOptions) -> str:
    if options.text is not None:
        raise OptionError("text_file: --text is given too; give one of them")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"text_file: {path} cannot be read as UTF-8 text ({error})") from error


def _film(
    head: "Avatar",
    clip: "Clip",
    sound: Path,
    target: tuple[Path, FilmOptions],
    told: Callable[[str, float], None],
) -> None:
    from avatar.create.speak import render_film  # noqa: PLC0415

    path, film = target
    render_film(head, clip, sound, path, film, told)


def _write(head: "Avatar", clip: "Clip", path: Path) -> None:
    from avatar.animation.clip_file import save_clip  # noqa: PLC0415
    from avatar.animation.live_link import write_live_link  # noqa: PLC0415
    from avatar.export.glb import GlbOptions, export_glb  # noqa: PLC0415

    if path.suffix.lower() == ".glb":
        export_glb(head, path, GlbOptions(clip=clip))
    elif path.suffix.lower() == ".csv":
        write_live_link(clip, path)
    else:
        save_clip(clip, path)
