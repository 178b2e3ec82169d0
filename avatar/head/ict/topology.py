"""Which vertices and polygons of ICT-FaceKit are what, from its published topology tables."""

from dataclasses import dataclass

SKIN_POLYGONS = {
    "face": (0, 9229),
    "head": (9230, 11143),
    "mouth_socket": (11144, 13225),
    "eye_socket_left": (13226, 13629),
    "eye_socket_right": (13630, 14033),
}
"""First and last polygon of each area of the one connected skin."""

NARROW_FACE = (0, 6705)
"""First and last vertex of what the authors call the narrow face area."""

FACE_TILE_SHARE = 0.62
"""How much of the texture's width goes to the face; head and sockets share the rest."""


@dataclass(frozen=True, kw_only=True)
class IctPart:
    """A part beside the skin: its polygons (first, last), the joint it hangs on, its material."""

    name: str
    polygons: tuple[int, int]
    material: str
    joint: str


PARTS = (
    IctPart(name="eye_left", polygons=(21496, 22295), material="eye", joint="eye_left"),
    IctPart(name="eye_right", polygons=(23094, 23893), material="eye", joint="eye_right"),
    IctPart(name="teeth_upper", polygons=(17006, 19249), material="teeth", joint="head"),
    IctPart(name="teeth_lower", polygons=(19250, 21495), material="teeth", joint="head"),
    # Gums and tongue are one surface.
    IctPart(name="tongue", polygons=(14034, 17005), material="tongue", joint="head"),
    IctPart(name="lashes_left", polygons=(25304, 25843), material="lashes", joint="head"),
    IctPart(name="lashes_right", polygons=(25844, 26383), material="lashes", joint="head"),
)
"""Left out: the iris balls inside the eyes, lacrimal fluid, eye blend and occlusion shells."""

# Vertices of each tooth, from the third molar's to the midline's, upper left, upper right, lower
# left and lower right. Counts repeat on the other side, in the opposite order.
_UPPER_LEFT = (191, 186, 191, 123, 165, 96, 76, 76)
_LOWER_LEFT = (179, 176, 212, 138, 127, 90, 94, 86)


def tooth_ranges(jaw: str) -> list[tuple[int, int, int]]:
    """Return (first vertex, last vertex, number from the midline back, from 0) of a jaw's teeth."""
    left, first = (_UPPER_LEFT, 17039) if jaw == "upper" else (_LOWER_LEFT, 19247)
    counts = (*left, *reversed(left))
    numbers = (*range(7, -1, -1), *range(8))
    ranges: list[tuple[int, int, int]] = []
    for count, number in zip(counts, numbers, strict=True):
        ranges.append((first, first + count - 1, number))
        first += count
    return ranges
