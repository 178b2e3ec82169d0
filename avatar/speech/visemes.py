"""The classes of speech sounds that lips and jaw tell apart, and the phones that belong to each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

VISEMES: tuple[str, ...] = (
    "silence",
    "closed",  # p b m
    "teeth_on_lip",  # f v
    "tongue_between_teeth",  # th
    "tongue_tip",  # t d n l
    "tongue_back",  # k g ng h
    "hiss",  # s z
    "hush",  # sh zh ch j
    "r",
    "oo",  # w, as in "food"
    "o",  # as in "law"
    "ah",  # as in "father", "cat"
    "eh",  # as in "bed", "cup"
    "ee",  # as in "see", y
)

VISEME_INDEX: dict[str, int] = {name: index for index, name in enumerate(VISEMES)}

ROUNDED: tuple[str, ...] = ("oo", "o")

_PHONES: dict[str, str] = {
    "silence": "SIL SPN NSN PAU",
    "closed": "P B M",
    "teeth_on_lip": "F V",
    "tongue_between_teeth": "TH DH",
    "tongue_tip": "T D N L DX",
    "tongue_back": "K G NG HH",
    "hiss": "S Z",
    "hush": "SH ZH CH JH",
    "r": "R ER AXR",
    "oo": "W UW UH",
    "o": "AO",
    "ah": "AA AE",
    "eh": "AH EH AX",
    "ee": "IY IH IX Y",
}

_GLIDES: dict[str, tuple[str, str]] = {
    "OY": ("o", "ee"),
    "AY": ("ah", "ee"),
    "AW": ("ah", "oo"),
    "EY": ("eh", "ee"),
    "OW": ("o", "oo"),
}
"""Diphthongs: the shape they start from and the shape they end in."""

_OF_PHONE: dict[str, tuple[str, ...]] = {
    **{phone: (viseme,) for viseme, phones in _PHONES.items() for phone in phones.split()},
    **_GLIDES,
}


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A speech sound with its time in seconds: an ARPAbet `name`, or a viseme's own name."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of one viseme, in seconds."""

    viseme: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start


def visemes_of(phone: str) -> tuple[str, ...]:
    """Return the viseme of an ARPAbet phone, two for a diphthong; stress marks are ignored.

    A viseme's own name stands for itself; what is no phone counts as silence.
    """
    if phone in VISEME_INDEX:
        return (phone,)
    return _OF_PHONE.get(phone.rstrip("012").upper(), ("silence",))


def segments_of(phones: Iterable[Phone]) -> tuple[Segment, ...]:
    """Return the visemes of phones in time; diphthongs are halved, equal neighbours joined."""
    segments: list[Segment] = []
    for phone in phones:
        shapes = visemes_of(phone.name)
        length = (phone.end - phone.start) / len(shapes)
        for place, viseme in enumerate(shapes):
            start = phone.start + place * length
            last = segments[-1] if segments else None
            if last and last.viseme == viseme and start - last.end < 1e-6:
                start = last.start
                segments.pop()
            end = phone.start + (place + 1) * length
            segments.append(Segment(viseme=viseme, start=start, end=end))
    return tuple(segments)


def frames_of(
    segments: Sequence[Segment], frames: int, rate: float = 100.0
) -> UInt8[np.ndarray, " frames"]:
    """Return the index of the viseme in each of `frames` frames; silence where none is."""
    labels = np.zeros(frames, np.uint8)
    for segment in segments:
        start, end = round(segment.start * rate), round(segment.end * rate)
        labels[max(start, 0) : max(end, 0)] = VISEME_INDEX[segment.viseme]
    return labels
