"""How a film looks; free of heavy imports."""

from dataclasses import dataclass
from typing import Literal, get_args

from avatar.core.errors import OptionError

FILM_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm")

Codec = Literal["vp9", "av1", "mpeg4", "h264"]
"""Kinds of video. h264 plays everywhere, but its encoder (x264) is under the GPL."""


@dataclass(frozen=True, kw_only=True)
class FilmOptions:
    """Size and quality of a film.

    Attributes:
        size: width and height in pixels.
        fps: frames a second.
        codec: kind of video: vp9 and av1 (free), mpeg4 (old, plays nearly everywhere), h264.
        samples: of each pixel: 1, 4 or 8.
        zoom: above 1, closer to the face.
    """

    size: int = 512
    fps: int = 30
    codec: Codec = "vp9"
    samples: int = 4
    zoom: float = 1.15

    def __post_init__(self) -> None:
        if not (64 <= self.size <= 4096) or self.size % 2:
            raise OptionError(f"size: expected an even number of 64 to 4096, got {self.size}")
        if not 10 <= self.fps <= 120:
            raise OptionError(f"fps: expected 10 to 120 for a film, got {self.fps}")
        if self.codec not in get_args(Codec):
            raise OptionError(f"codec: expected one of {get_args(Codec)}, got {self.codec!r}")
        if self.samples not in (1, 4, 8):
            raise OptionError(f"samples: expected 1, 4 or 8, got {self.samples}")
        if not 0.5 <= self.zoom <= 4:
            raise OptionError(f"zoom: expected 0.5 to 4, got {self.zoom}")
