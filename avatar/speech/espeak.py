"""Letters to sounds in other languages, where the user has the espeak-ng command.

It is run as a program of its own and never linked: its licence (GPL-3.0) stays with it.
"""

import shutil
import subprocess

from avatar.core.errors import OptionError
from avatar.speech.ipa import visemes_of_ipa
from avatar.speech.visemes import VISEME_INDEX

_COMMAND = "espeak-ng"


def has_espeak() -> bool:
    """Tell whether the espeak-ng command is there."""
    return shutil.which(_COMMAND) is not None


def words_as_visemes(text: str, language: str) -> tuple[tuple[int, ...], ...]:
    """Return the words of a text as indices of visemes.

    Raises:
        OptionError: espeak-ng knows no such language, or the text holds nothing it can say.
    """
    command = [_COMMAND, "-q", "--ipa", "--sep=_", "-v", language, "--stdin"]
    run = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if run.returncode != 0:
        raise OptionError(f"language: espeak-ng does not know {language!r}; see its --voices")
    words: list[tuple[int, ...]] = []
    for word in run.stdout.decode("utf-8", "replace").split():
        shapes = [shape for sound in word.split("_") for shape in visemes_of_ipa(sound)]
        if shapes:
            words.append(tuple(VISEME_INDEX[shape] for shape in shapes))
    if not words:
        raise OptionError(f"text: espeak-ng finds nothing to say in it as {language!r}")
    return tuple(words)
