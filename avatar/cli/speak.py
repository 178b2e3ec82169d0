"""`avatar speak`: a voice to a talking head."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from avatar.animation.film_options import FILM_SUFFIXES, FilmOptions
from avatar.cli.inputs import check_inputs
from avatar.cli.performance_outputs import (
    CURVES,
    check_performance_outputs,
    is_film,
    write_performance,
)
from avatar.cli.progress import part_of, progress_bar
from avatar.cli.speak_live import LiveVoiceOptions, speak_live
from avatar.core.errors import OptionError
from avatar.speech.options import SpeakOptions

SPEAK_DEFAULTS = SpeakOptions()
FILM_DEFAULTS = FilmOptions()
LIVE_DEFAULTS = LiveVoiceOptions()


def speak(
    inputs: Positional[tuple[Path, ...]] = (),
    *,
    output: Annotated[tuple[Path, ...], arg(aliases=["-o"])] = (),
    text_file: Path | None = None,
    live: Annotated[LiveVoiceOptions, arg(name="")] = LIVE_DEFAULTS,
    speech: OmitArgPrefixes[SpeakOptions] = SPEAK_DEFAULTS,
    film: Annotated[FilmOptions, arg(name="film")] = FILM_DEFAULTS,
) -> None:
    """Let a head say what is said in a recording.

    For example:
      avatar speak head.avatar speech.wav -o talk.mp4
      avatar speak speech.mp3 --text "Hello there." -o talk.glb talk.csv
      avatar speak --live --send livelink://127.0.0.1

    Args:
        inputs: the head (.avatar; without it, the default head), and the sound: audio or video;
            live without a sound, from a microphone, or - from standard input.
        output: what to write: a film (.mp4, .webm, ...), the head with the animation (.glb), the
            curves for Live Link Face (.csv) or as arrays (.npz); several at once are fine.
            Without it: talk.mp4, or nothing in live speech.
        text_file: a file with the words that are said, instead of --text.
        live: speaking as the voice is heard.
        speech: how to perform.
        film: how a film looks.
    """
    head_path, sound = _inputs(inputs)
    if live.live:
        speak_live(head_path, sound, output, live, speech)
        return
    live.check_offline()
    if sound is None:
        raise _odd_inputs(inputs)
    output = output or (Path("talk.mp4"),)
    check_performance_outputs(output, (".glb", *CURVES, *FILM_SUFFIXES), film)
    check_inputs(head_path, sound)
    if text_file is not None:
        speech = replace(speech, text=_read_text(text_file, speech))
    from avatar.core.avatar import Avatar  # noqa: PLC0415
    from avatar.create.default_head import default_head  # noqa: PLC0415
    from avatar.create.render_film import render_film  # noqa: PLC0415
    from avatar.create.speak import speak_with_evidence  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415

    filming = any(is_film(path) for path in output)
    share = 0.15 if filming else 0.9
    with progress_bar("avatar speak") as progress, atomic_outputs(output) as temporary:
        head = Avatar.load(head_path) if head_path else default_head()
        filmed = part_of(progress, share, 1.0)
        performance = speak_with_evidence(sound, speech, head, part_of(progress, 0.0, share))
        for path in output:
            if is_film(path):
                render_film(head, performance.clip, sound, temporary[path], film, filmed)
            else:
                write_performance(head, performance.clip, temporary[path], path.suffix.lower())
    for warning in performance.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    sys.stdout.writelines(f"{path}\n" for path in output)


def _inputs(inputs: tuple[Path, ...]) -> tuple[Path | None, Path | None]:
    heads = [path for path in inputs if path.suffix.lower() == ".avatar"]
    sounds = [path for path in inputs if path.suffix.lower() != ".avatar"]
    if len(heads) > 1 or len(sounds) > 1:
        raise _odd_inputs(inputs)
    return (heads[0] if heads else None), (sounds[0] if sounds else None)


def _odd_inputs(inputs: tuple[Path, ...]) -> OptionError:
    names = " ".join(path.name for path in inputs) or "none"
    return OptionError(f"inputs: expected [head.avatar] and one sound, got {names}")


def _read_text(path: Path, options: SpeakOptions) -> str:
    if options.text is not None:
        raise OptionError("text_file: --text is given too; give one of them")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"text_file: {path} cannot be read as UTF-8 text ({error})") from error
