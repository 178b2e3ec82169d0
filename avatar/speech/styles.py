"""Ways of speaking: how much jaw and lips do, and how sluggish they are."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Style:
    """Factors on the usual.

    `jaw` and `lips` scale how far they go, `loudness` how much the voice's level adds to that;
    `hold` stretches how long a shape lasts into its neighbours; `upper_face` scales brows and head.
    """

    jaw: float = 1.0
    lips: float = 1.0
    loudness: float = 1.0
    hold: float = 1.0
    upper_face: float = 1.0


STYLES: dict[str, Style] = {
    "neutral": Style(),
    "whisper": Style(jaw=0.75, lips=1.15, loudness=0.4, upper_face=0.7),
    "clear": Style(jaw=1.2, lips=1.25, hold=0.8, upper_face=1.1),
    "shout": Style(jaw=1.6, lips=1.15, loudness=1.3, upper_face=1.5),
    "sing": Style(jaw=1.35, lips=1.1, hold=1.3, upper_face=1.2),
}
"""The presets by name."""
