"""What lies behind the head: a wall lit in the middle, darker towards the edges."""

import math
from dataclasses import dataclass
from typing import Literal

BackdropName = Literal["studio", "dark", "grey", "white", "green"]

Color = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """Linear RGB in the `middle` and at the `edge`.

    `spot` is where the middle lies in a picture that spans [-1, 1] (y down); by `falloff` times
    the way from there the light falls off: as a bell where `bell`, else straight to the edge.
    """

    middle: Color
    edge: Color
    spot: tuple[float, float] = (0.0, -0.08)
    falloff: tuple[float, float] = (0.64, 0.64)
    bell: bool = False


def _linear(code: str) -> Color:
    values = (int(code[place : place + 2], 16) / 255 for place in (0, 2, 4))
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return red, green, blue


_TINT = (0.985, 1.0, 1.02)

BACKDROPS: dict[BackdropName, Backdrop] = {
    # As `avatar.render.tone.backdrop`, which films and previews have.
    "studio": Backdrop(
        middle=(0.38 * _TINT[0], 0.38 * _TINT[1], 0.38 * _TINT[2]),
        edge=(0.14 * _TINT[0], 0.14 * _TINT[1], 0.14 * _TINT[2]),
        spot=(0.0, -0.15),
        falloff=(math.sqrt(0.7), math.sqrt(0.8)),
        bell=True,
    ),
    "dark": Backdrop(middle=_linear("33363b"), edge=_linear("0d0e10")),
    "grey": Backdrop(middle=_linear("a9abae"), edge=_linear("77797d")),
    "white": Backdrop(middle=_linear("ffffff"), edge=_linear("e9eaec")),
    "green": Backdrop(middle=_linear("00b140"), edge=_linear("00b140")),
}
