"""Which sounds are spoken when: from the text, by recognition, or by the network alone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from jaxtyping import Float

from avatar.core.errors import AvatarError, OptionError
from avatar.files.assets import asset
from avatar.speech.cut_utterances import Utterance, cut_utterances
from avatar.speech.english import EnglishPhones, has_pocketsphinx
from avatar.speech.espeak import has_espeak, words_as_visemes
from avatar.speech.log_mel import HOP, RATE
from avatar.speech.openness import openness_of_shares
from avatar.speech.options import SpeakOptions
from avatar.speech.spell_out import spell_out
from avatar.speech.viseme_network import DELAYS, WEIGHTS, VisemeNetwork
from avatar.speech.visemes import Phone, Segment, frames_of, segments_of
from avatar.speech.viterbi import align_visemes, decode_visemes, fit_of_visemes

LONGEST_TEXT_SOUND = 900.0
"""Seconds of sound that one text may go with."""

_TEXT_FITS = 0.38
_SPEECH = 0.42
"""Share of spoken frames in which the phone loop must agree with the text, with the recogniser.

Measured: a true text agrees in .55 to .75, another text in .15 to .25. What is recognised agrees in
.48 to .75 for English and in .45 to .65 for other languages, too near to tell them apart: the user
says which language it is. Music and the like stay below.
"""

_FOREIGN_FITS = -0.85
"""Nats a spoken frame by which the alignment of a text may stay behind what the network hears.

Measured on eight clips: their own texts stay behind by .22 to .79, others by .93 and more.
"""

_MOST_FOR_CHECK = 30.0

_UNCLEAR = (
    "this sounds little like clear English (music, noise, another language, or a wrong sample rate"
    " in the file's header?): the lips follow the sounds alone"
)

Blocks = Callable[[], Iterator[Float[np.ndarray, " _"]]]
"""Opens the sound anew, brought to its level: mono blocks at 16 kHz."""


@dataclass(frozen=True, kw_only=True)
class FoundPhones:
    """The visemes in time, how they were found, and what the user should know about it.

    `openness` is how far the mouth is heard to be open, a hundred times a second, where more is
    known than the segments tell.
    """

    segments: tuple[Segment, ...]
    method: str
    warnings: tuple[str, ...] = field(default=())
    openness: Float[np.ndarray, " frames"] | None = None


def find_phones(blocks: Blocks, seconds: float, options: SpeakOptions) -> FoundPhones:
    """Return what is spoken when.

    Raises:
        OptionError: a text too long, without words, or in a language nothing here can spell.
        AudioError: pocketsphinx is needed and missing.
    """
    english = options.language in ("auto", "en")
    if options.text is not None and options.phones in ("auto", "align"):
        if seconds > LONGEST_TEXT_SOUND:
            raise OptionError(
                f"text: goes with at most {LONGEST_TEXT_SOUND:.0f} s of sound, this has"
                f" {seconds:.0f}; cut both into parts, or leave the text away"
            )
        return _with_text(blocks, options, english=english)
    if options.phones == "network" or not english:
        return _by_network(blocks)
    if options.phones == "auto" and not has_pocketsphinx():
        return _by_network(blocks)
    return _by_recogniser(blocks, options)


def has_network() -> bool:
    """Tell whether the network's weights are packaged."""
    try:
        asset(WEIGHTS)
    except AvatarError:
        return False
    return True


@cache
def load_network_weights() -> dict[str, np.ndarray]:
    """Return the network's weights; ModelError if they are not packaged."""
    from safetensors.numpy import load_file  # noqa: PLC0415

    return load_file(asset(WEIGHTS))


def _with_text(blocks: Blocks, options: SpeakOptions, *, english: bool) -> FoundPhones:
    if not english:
        return _foreign_text(blocks, options)
    samples = np.concatenate(list(blocks()))
    words = spell_out(options.text or "")
    if not words:
        raise OptionError(
            "text: no English word in it; say which --language it is, or leave it away"
        )
    decoder = EnglishPhones()
    phones = decoder.align(samples, words)
    if phones is not None:
        agreement = _agreement(phones, decoder, samples)
        if agreement >= _TEXT_FITS or options.phones == "align":
            poor = () if agreement >= _TEXT_FITS else (_misfit(agreement),)
            return FoundPhones(segments=segments_of(phones), method="text", warnings=poor)
    else:
        agreement = 0.0
    found = _by_recogniser(blocks, replace(options, text=None))
    warning = f"{_misfit(agreement)}; went on without it"
    return replace(found, warnings=(warning, *found.warnings))


def _misfit(agreement: float) -> str:
    return f"the text does not seem to be what is said ({100 * agreement:.0f} % of sounds agree)"


def _agreement(phones: Iterable[Phone], decoder: EnglishPhones, samples: np.ndarray) -> float:
    """Return in what share of the spoken frames the free phone loop hears the same viseme."""
    heard = samples[: int(_MOST_FOR_CHECK * RATE)]
    frames = len(heard) // HOP
    loop = frames_of(segments_of(decoder.loop(heard)), frames)
    said = frames_of(segments_of(phones), frames)
    spoken = (loop > 0) | (said > 0)
    return float((loop == said)[spoken].mean()) if spoken.any() else 1.0


def _by_recogniser(blocks: Blocks, options: SpeakOptions) -> FoundPhones:
    decoder = EnglishPhones()
    segments: list[Segment] = []
    agreements: list[float] = []
    for piece in cut_utterances(blocks()):
        phones = decoder.recognise(piece.samples)
        if len(agreements) < 3:
            agreements.append(_agreement(phones, decoder, piece.samples))
        segments += _shifted(segments_of(phones), piece)
        if options.phones == "auto" and np.mean(agreements) < _SPEECH and has_network():
            found = _by_network(blocks)
            return replace(found, warnings=(_UNCLEAR,))
    return FoundPhones(segments=tuple(segments), method="recogniser")


def _by_network(blocks: Blocks) -> FoundPhones:
    return _free(_heard(blocks()))


def _free(probabilities: Float[np.ndarray, "frames 14"]) -> FoundPhones:
    """Return what the network hears, bound to no text."""
    return FoundPhones(
        segments=decode_visemes(probabilities),
        method="network",
        openness=openness_of_shares(probabilities),
    )


def _heard(blocks: Iterable[Float[np.ndarray, " _"]]) -> Float[np.ndarray, "frames 14"]:
    """Return the network's probabilities, with all the look-ahead it can use."""
    network = VisemeNetwork(load_network_weights(), delay=DELAYS[-1])
    rows = [network.push(block) for block in blocks]
    rows.append(network.push(np.zeros(DELAYS[-1] * HOP, np.float32)))
    return np.concatenate(rows)[DELAYS[-1] :]


def _foreign_text(blocks: Blocks, options: SpeakOptions) -> FoundPhones:
    probabilities = _heard(blocks())
    free = _free(probabilities)
    if not has_espeak():
        note = "a text in another language than English helps only where espeak-ng is installed"
        return replace(free, warnings=(note,))
    words = words_as_visemes(options.text or "", options.language)
    if sum(map(len, words)) > len(probabilities):
        note = "the text is longer than can be said in this time; went on without it"
        return replace(free, warnings=(note,))
    segments = align_visemes(probabilities, words)
    if fit_of_visemes(probabilities, segments) >= _FOREIGN_FITS:
        return FoundPhones(segments=segments, method="text")
    note = f"the text does not seem to be what is said in this {options.language!r} recording"
    if options.phones == "align":
        return FoundPhones(segments=segments, method="text", warnings=(note,))
    return replace(free, warnings=(f"{note}; went on without it",))


def _shifted(segments: Iterable[Segment], piece: Utterance) -> list[Segment]:
    return [replace(s, start=s.start + piece.start, end=s.end + piece.start) for s in segments]
