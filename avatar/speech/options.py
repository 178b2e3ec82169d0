"""What a user may choose about a spoken performance; free of heavy imports."""

from dataclasses import dataclass
from typing import Literal, get_args

from avatar.core.errors import OptionError

Method = Literal["auto", "align", "recognise", "network"]
"""How phones are found: from the text, by recognising English, or by the network alone."""

StyleName = Literal["neutral", "whisper", "clear", "shout", "sing"]
EmotionName = Literal["none", "joy", "anger", "sadness", "fear", "surprise", "disgust"]


@dataclass(frozen=True, kw_only=True)
class SpeakOptions:
    """How a voice becomes a performance.

    Attributes:
        text: what is said; makes the lips surer.
        language: of the text and the voice, as a two-letter code; "auto" takes a text for English.
        phones: how they are found; auto takes the surest way there is.
        style: how the mouth works: neutral, whisper, clear, shout or sing.
        intensity: how far the mouth moves, 1 as usual.
        emotion: a layer over the speech: joy, anger, sadness, fear, surprise or disgust.
        emotion_amount: its strength, 0 to 1.
        seed: another number gives another performance of the same words.
        fps: frames a second of the clip.
        head_motion: how much the head moves, 0 to switch it off.
        brows: how much brows accent what is said, 0 to switch it off.
        blinks: blink.
        gaze: let the eyes wander a little.
    """

    text: str | None = None
    language: str = "auto"
    phones: Method = "auto"
    style: StyleName = "neutral"
    intensity: float = 1.0
    emotion: EmotionName = "none"
    emotion_amount: float = 0.6
    seed: int = 0
    fps: float = 60.0
    head_motion: float = 1.0
    brows: float = 1.0
    blinks: bool = True
    gaze: bool = True

    def __post_init__(self) -> None:
        _among("phones", self.phones, get_args(Method))
        _among("style", self.style, get_args(StyleName))
        _among("emotion", self.emotion, get_args(EmotionName))
        _between("intensity", self.intensity, 0, 2)
        _between("emotion_amount", self.emotion_amount, 0, 1)
        _between("fps", self.fps, 10, 240)
        _between("head_motion", self.head_motion, 0, 3)
        _between("brows", self.brows, 0, 3)
        if self.text is not None and not self.text.strip():
            raise OptionError("text: expected the words that are said, got none; leave it away")
        if self.phones == "align" and self.text is None:
            raise OptionError("phones: align needs the text; give it, or choose another way")


def _among(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(f"{name}: expected one of {', '.join(known)}; got {value!r}")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise OptionError(f"{name}: expected {low} to {high}, got {value}")
