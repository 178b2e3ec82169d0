"""How a film of splats looks; free of heavy imports."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from avatar.core.errors import OptionError
from avatar.render.light_options import LightOptions

CameraPath = Literal["still", "sway", "orbit"]
"""The filming camera's place; to and fro by 20 degrees; once to and fro by 70."""


@dataclass(frozen=True, kw_only=True)
class SplatFilmOptions:
    """What a film of splats shows.

    Attributes:
        size: height in pixels; the width follows the video the avatar was trained on.
        fps: frames a second.
        camera: still where it filmed, sway to and fro, or orbit from side to side.
        background: colour behind the person, as red, green, blue in [0, 1] as displayed.
        hide: layers left out: face, hair, eyes, mouth, torso.
        swap: layers to wear of other avatars, such as hair=other.avatar.
        light: what lights the person.
    """

    size: int = 512
    fps: int = 30
    camera: CameraPath = "still"
    background: tuple[float, float, float] = (1.0, 1.0, 1.0)
    hide: tuple[str, ...] = ()
    swap: tuple[str, ...] = ()
    light: LightOptions = field(default_factory=LightOptions)

    def __post_init__(self) -> None:
        if not 64 <= self.size <= 4096:
            raise OptionError(f"size: expected 64 to 4096 pixels, got {self.size}")
        if not 10 <= self.fps <= 120:
            raise OptionError(f"fps: expected 10 to 120 for a film, got {self.fps}")
        if self.camera not in get_args(CameraPath):
            raise OptionError(f"camera: expected one of {get_args(CameraPath)}")
        if not all(0 <= value <= 1 for value in self.background):
            raise OptionError(f"background: expected numbers from 0 to 1, got {self.background}")
