"""English phones and their times by pocketsphinx, which brings its models and works offline."""

import re
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Float

from avatar.core.errors import AudioError
from avatar.speech.letter_to_sound import letter_to_sound
from avatar.speech.visemes import Phone

FRAMES_A_SECOND = 100

# Alignment must not lose the right path: the words are known, so it costs little to keep all.
_WIDE = {"beam": 1e-200, "pbeam": 1e-200, "wbeam": 1e-150}

_LANGUAGE_WEIGHT = 8.0
"""How much likely sentences count; 6.5 is usual.

Recognising with this and its best path, then aligning the words apart, gets .90 of the frames of
eight clips right and tells 2 of 30 closures wrongly; in one decoder at 6.5 it was .87 and 5 of 34.
"""

_LOOP = {"lw": 2.0, "pip": 0.3, "beam": 1e-20, "pbeam": 1e-20, "allphone_ci": True}

HOW_TO_GET = "pip install pocketsphinx"


def has_pocketsphinx() -> bool:
    """Tell whether pocketsphinx is installed."""
    return find_spec("pocketsphinx") is not None


class EnglishPhones:
    """The aligner, the recogniser and the phone loop, each loaded when first used."""

    def __init__(self) -> None:
        self._decoders: dict[str, Any] = {}

    def align(
        self, samples: Float[np.ndarray, " samples"], words: tuple[str, ...]
    ) -> tuple[Phone, ...] | None:
        """Return the phones of the words as they are said; None if they cannot be found in it."""
        decoder = self._decoder("align")
        for word in set(words):
            if decoder.lookup_word(word) is None:
                decoder.add_word(word, " ".join(letter_to_sound(word) or ("SIL",)), update=True)
        decoder.set_align_text(" ".join(words))
        return _two_passes(decoder, samples)

    def recognise(self, samples: Float[np.ndarray, " samples"]) -> tuple[Phone, ...]:
        """Return the phones of the words that are recognised; silence where there are none."""
        words = _words(self._decoder("recognise"), samples)
        found = self.align(samples, words) if words else None
        return found or (Phone(name="SIL", start=0.0, end=len(samples) / 16000),)

    def loop(self, samples: Float[np.ndarray, " samples"]) -> tuple[Phone, ...]:
        """Return the phones heard without any words: less right, but bound to no text."""
        decoder = self._decoder("loop")
        _decode(decoder, samples)
        return tuple(
            _phone(segment.word, segment.start_frame, segment.end_frame + 1)
            for segment in decoder.seg() or ()
        )

    def _decoder(self, kind: str) -> Any:  # noqa: ANN401
        if not has_pocketsphinx():
            raise AudioError(f"pocketsphinx is not installed; {HOW_TO_GET}")
        if kind not in self._decoders:
            self._decoders[kind] = _load(kind)
        return self._decoders[kind]


def _load(kind: str) -> Any:  # noqa: ANN401
    import pocketsphinx  # noqa: PLC0415

    # With its "best path" words come out better, but the alignment of one utterance in five fails.
    options: dict[str, Any] = {"loglevel": "FATAL", "bestpath": kind == "recognise"}
    if kind == "recognise":
        options |= {"lw": _LANGUAGE_WEIGHT}
    if kind == "align":
        options |= {"lm": None, **_WIDE}
    if kind == "loop":
        model = pocketsphinx.get_model_path("en-us/en-us-phone.lm.bin")
        options |= {"lm": None, "allphone": model, **_LOOP}
    return pocketsphinx.Decoder(**options)


def _decode(decoder: Any, samples: np.ndarray) -> None:  # noqa: ANN401
    decoder.start_utt()
    decoder.process_raw(_pcm(samples), full_utt=True)
    decoder.end_utt()


def _words(decoder: Any, samples: np.ndarray) -> tuple[str, ...]:  # noqa: ANN401
    try:
        _decode(decoder, samples)
        found = decoder.hyp()
    except RuntimeError:
        return ()
    return tuple(found.hypstr.split()) if found else ()


def _two_passes(decoder: Any, samples: np.ndarray) -> tuple[Phone, ...] | None:  # noqa: ANN401
    """Find the words, then the phones within them; None where the search ends nowhere."""
    try:
        _decode(decoder, samples)
        if decoder.hyp() is None:
            return None
        decoder.set_alignment()
        _decode(decoder, samples)
    except RuntimeError:
        return None
    return tuple(
        _phone(phone.name, phone.start, phone.start + phone.duration)
        for word in decoder.get_alignment()
        for phone in word
    )


def _phone(name: str, first: int, end: int) -> Phone:
    plain = re.sub(r"\(\d+\)$", "", name).strip("+<>")
    return Phone(name=plain, start=first / FRAMES_A_SECOND, end=end / FRAMES_A_SECOND)


def _pcm(samples: np.ndarray) -> bytes:
    return (samples * 32767).clip(-32768, 32767).astype("<i2").tobytes()
