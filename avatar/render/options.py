"""How a still is made."""

from dataclasses import dataclass

from avatar.core.errors import OptionError
from avatar.render.light import Light
from avatar.render.view import SAMPLE_COUNTS


@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """Quality and look of a rendered head.

    `light` None means `studio_light` for the camera at hand. `samples` per pixel: 1, 4 or 8.
    `unlit` shows the albedo alone: no light, no tone curve. `tone` bends highlights into range
    (`avatar.render.tone`); without it light may exceed 1. `detail` is subtracted from the mip
    level: larger is sharper, and noisier. Materials named in `scattering` let light bleed through
    like skin; those in `clear` shine at full strength however transparent they are.
    """

    light: Light | None = None
    samples: int = 8
    unlit: bool = False
    shadows: bool = True
    occlusion: bool = True
    tone: bool = True
    detail: float = 0.5
    scattering: tuple[str, ...] = ("skin", "tongue", "gums")
    clear: tuple[str, ...] = ("cornea",)

    def __post_init__(self) -> None:
        if self.samples not in SAMPLE_COUNTS:
            raise OptionError(f"samples: expected one of {SAMPLE_COUNTS}, got {self.samples}")
