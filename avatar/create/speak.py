"""A voice to a clip, and a clip with its voice to a film."""

from pathlib import Path

from avatar.animation.film import check_film, film_frames, write_film
from avatar.animation.film_options import FilmOptions
from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.create.default_head import default_head
from avatar.create.reconstruct import Progress
from avatar.speech.options import SpeakOptions
from avatar.speech.perform import Performance, perform
from avatar.speech.sound import SoundSource, sound_track


def speak(
    sound: SoundSource,
    options: SpeakOptions | None = None,
    head: Avatar | None = None,
    progress: Progress | None = None,
) -> Clip:
    """Return what a head does while it says this.

    Args:
        sound: an audio file, a video with sound, or a `Sound`.
        options: see `SpeakOptions`.
        head: whose lips are to meet; without it, the default head's.
        progress: called as the work goes on.

    Raises:
        AudioError: the sound cannot be read or is empty.
        OptionError: an option that makes no sense, or a text that cannot go with this sound.
    """
    return speak_with_evidence(sound, options, head, progress).clip


def speak_with_evidence(
    sound: SoundSource,
    options: SpeakOptions | None = None,
    head: Avatar | None = None,
    progress: Progress | None = None,
) -> Performance:
    """Like `speak`, and return the visemes, how they were found, and warnings too."""
    return perform(sound, head or default_head(), options, progress)


def render_film(
    head: Avatar,
    clip: Clip,
    sound: SoundSource,
    path: Path,
    options: FilmOptions | None = None,
    progress: Progress | None = None,
) -> None:
    """Write the film of a head performing a clip, with the sound it was made from.

    `path` is written as the frames come; put it in place when it is done (`atomic_outputs`).

    Raises:
        OutputError: PyAV is missing, or the film cannot be written.
    """
    options = options or FilmOptions()
    check_film(path, options)
    count = max(float(clip.times[-1]) * options.fps, 1.0)

    def told(number: int) -> None:
        if progress:
            progress("filming", min(number / count, 1.0))

    write_film(film_frames(head, clip, options), path, sound_track(sound), options, told)
