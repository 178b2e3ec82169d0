"""How a film of a head in another light looks; free of heavy imports."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from avatar.animation.film_options import Codec, FilmOptions
from avatar.core.errors import OptionError
from avatar.render.light_options import LightOptions

Turning = Literal["light", "head", "camera"]
"""What goes round once: the light about the head; the head, light and camera standing still; the
camera about both."""

Behind = Literal["panorama", "grey"]


@dataclass(frozen=True, kw_only=True)
class RelightOptions:
    """What a film of a head in a light shows.

    Attributes:
        size: width and height in pixels.
        fps: frames a second.
        seconds: length of the film, in which all goes round once.
        turning: what goes round: the light, the head before a light that stands, or the camera.
        behind: what is seen behind the head: the panorama, out of focus, or a grey wall.
        codec: kind of video.
        light: what lights the head; without --hdr a studio's lamps, for filmed heads too.
    """

    size: int = 512
    fps: int = 30
    seconds: float = 6.0
    turning: Turning = "light"
    behind: Behind = "panorama"
    codec: Codec = "vp9"
    light: LightOptions = field(default_factory=LightOptions)

    def __post_init__(self) -> None:
        if self.turning not in get_args(Turning):
            raise OptionError(f"turning: expected one of {', '.join(get_args(Turning))}")
        if self.behind not in get_args(Behind):
            raise OptionError(f"behind: expected one of {', '.join(get_args(Behind))}")
        if not 0.1 <= self.seconds <= 600:
            raise OptionError(f"seconds: expected 0.1 to 600, got {self.seconds:g}")
        if self.light.light_spin:
            raise OptionError("light-spin: the light goes round once here; see --turning")
        self.encoding()

    def encoding(self) -> FilmOptions:
        """Return the film's size and kind of video; OptionError where they make no sense."""
        return FilmOptions(size=self.size, fps=self.fps, codec=self.codec)
