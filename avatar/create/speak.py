"""A voice to a clip."""

from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.create.default_head import default_head
from avatar.create.reconstruct import Progress
from avatar.speech.options import SpeakOptions
from avatar.speech.perform import Performance, perform
from avatar.speech.sound import SoundSource


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
