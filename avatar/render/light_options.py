"""How a head is lit, as a user says it; free of heavy imports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from avatar.core.errors import OptionError

LightName = Literal["filmed", "studio", "dark"]
"""The light a person was filmed in; a portrait photographer's; none, for lamps alone."""


@dataclass(frozen=True, kw_only=True)
class LightOptions:
    """What lights the person.

    Attributes:
        light: the light the person was filmed in, a studio's, or dark but for the lamp.
        hdr: a panorama (.hdr, latitude-longitude) that lights instead.
        lamp: a soft lamp beside it: degrees to the left of where the person looks, degrees up,
            and strength, about 1.
        light_rotation: degrees by which the light is turned about the vertical.
        light_spin: how often the light turns about the person during a film.
        light_stops: how much brighter than exposed for the face.
    """

    light: LightName = "filmed"
    hdr: Path | None = None
    lamp: tuple[float, float, float] | None = None
    light_rotation: float = 0.0
    light_spin: float = 0.0
    light_stops: float = 0.0

    def __post_init__(self) -> None:
        if self.light not in get_args(LightName):
            raise OptionError(f"light: expected one of {', '.join(get_args(LightName))}")
        if self.hdr is not None and self.hdr.suffix.lower() != ".hdr":
            raise OptionError(f"hdr: expected a Radiance panorama (.hdr), got {self.hdr.name!r}")
        if self.light == "dark" and self.lamp is None and self.hdr is None:
            raise OptionError("light: dark shows nothing; add --lamp, e.g. 40 30 1")
        if self.lamp is not None and not 0 < self.lamp[2] <= 100:
            raise OptionError(f"lamp: expected a strength of up to 100, got {self.lamp[2]:g}")
        if not -10 <= self.light_stops <= 10:
            raise OptionError(f"light-stops: expected -10 to 10, got {self.light_stops:g}")

    @property
    def as_filmed(self) -> bool:
        """Whether nothing is to be changed."""
        return self == LightOptions()
