# ruff: noqa: RUF001 - letters of other scripts are meant
"""espeak-ng through its C interface: audio and the time of every phoneme.

Used to make training data only; nothing at run time links it.
"""

import ctypes
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sentences import CONSONANTS, English, english, foreign
from utterance import Utterance, utterance

from avatar.speech.ipa import visemes_of_ipa
from avatar.speech.visemes import VISEME_INDEX

ENGLISH = ("en-us", "en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-gb-x-gbclan")
ODD_VARIANTS = ("obo", "emonic", "whisper", "croak", "fast")
STOPS = "pbtdkgɡcɟqʈɖ"
CLOSING = {VISEME_INDEX[name] for name in ("closed", "tongue_tip", "tongue_back", "hush")}

LATE = 1
"""Frames by which its events come after what pocketsphinx finds in its sound."""

RATE, PITCH, RANGE = 1, 3, 4
_SYNCHRONOUS, _PHONEMES_IN_IPA = 2, 3
_UTF8_WITH_END_PAUSE = 1 | 0x1000
_PHONEME_EVENT = 7


class _Id(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


class Espeak:
    """The synthesiser; one a process, as its library allows no more."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = self._library.espeak_Initialize(_SYNCHRONOUS, 200, None, _PHONEMES_IN_IPA)
        self._pieces: list[np.ndarray] = []
        self._phones: list[tuple[str, float]] = []
        self._callback = self._make_callback()
        self._library.espeak_SetSynthCallback(self._callback)

    def say(
        self, text: str, voice: str, settings: dict[int, int]
    ) -> tuple[np.ndarray, list[tuple[str, float]]]:
        """Return samples and (IPA, start in seconds) of every phoneme."""
        self._library.espeak_SetVoiceByName(voice.encode())
        for name, value in settings.items():
            self._library.espeak_SetParameter(name, value, 0)
        self._pieces.clear()
        self._phones.clear()
        data = text.encode() + b"\0"
        flags = _UTF8_WITH_END_PAUSE
        self._library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 1, 0, flags, None, None)
        self._library.espeak_Synchronize()
        silence = np.zeros(0, np.int16)
        return np.concatenate([silence, *self._pieces]), list(self._phones)

    def _make_callback(self) -> Callable[..., int]:
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
        )

        def receive(wave: object, count: int, events: object) -> int:
            if wave and count > 0:
                self._pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
            place = 0
            while events[place].type != 0:
                event = events[place]
                if event.type == _PHONEME_EVENT:
                    name = bytes(event.id.string).split(b"\0")[0].decode("utf-8", "replace")
                    self._phones.append((name, event.audio_position / 1000))
                place += 1
            return 0

        return kind(receive)


def make(draw: random.Random, source: English, synthesiser: Espeak) -> Utterance | None:
    """Return an utterance in a random language, voice variant, speed and pitch."""
    in_english = draw.random() < 0.5
    if in_english:
        language, text = draw.choice(ENGLISH), english(draw, source)
    else:
        language = draw.choice(list(CONSONANTS))
        text = foreign(draw, language)
    voice = f"{language}+{draw.choice(_variants())}"
    settings = {
        RATE: draw.randint(120, 230),
        PITCH: draw.randint(20, 85),
        RANGE: draw.randint(20, 95),
    }
    samples, phones = synthesiser.say(text, voice, settings)
    if len(samples) < synthesiser.rate // 2:
        return None
    labels = np.append(_labels(samples, synthesiser.rate, phones)[LATE:], [0] * LATE)
    said = text if in_english else None
    return utterance(samples, synthesiser.rate, labels, f"espeak:{voice}", said)


def _variants() -> list[str]:
    folder = next(Path("/usr/lib").glob("*/espeak-ng-data/voices/!v"))
    names = sorted(path.name for path in folder.iterdir())
    return [name for name in names if not any(odd in name for odd in ODD_VARIANTS)]


def _labels(samples: np.ndarray, rate: int, phones: list[tuple[str, float]]) -> np.ndarray:
    """Return the viseme of each frame.

    The event of a voiceless stop marks its burst, and its closure is credited to the sound before:
    the stop's label is moved back over the quiet frames.
    """
    frames = int(len(samples) / rate * 100)
    edges = (np.arange(frames + 1) * rate / 100).astype(int)
    energy = np.add.reduceat(samples.astype(np.float64) ** 2, edges[:-1]) / np.diff(edges)
    level = np.sqrt(energy)
    quiet = level < 0.01 * np.percentile(level, 95)
    labels = np.zeros(frames, np.uint8)
    spoken = [(name, round(start * 100)) for name, start in phones if not name.startswith("(")]
    ends = [start for _, start in spoken[1:]] + [frames]
    for place, ((name, start), end) in enumerate(zip(spoken, ends, strict=True)):
        shapes = [VISEME_INDEX[viseme] for viseme in visemes_of_ipa(name)]
        if name.startswith("_") or not shapes:
            continue
        after_sound = place > 0 and not spoken[place - 1][0].startswith("_")
        first = start
        if name[0] in STOPS and after_sound:
            while first > max(start - 12, 0) and quiet[first - 1]:
                first -= 1
        middle = (first + end) // 2 if len(shapes) > 1 else end
        labels[first:middle] = shapes[0]
        labels[middle:end] = shapes[-1]
    labels[quiet & ~np.isin(labels, list(CLOSING))] = 0
    return labels
