"""Where teeth and gums lie in their common texture."""

from jaxtyping import Float
from torch import Tensor

from avatar.head.parts.surface import Surface

TEETH_PER_SIDE = 7
ROW_HEIGHT = 0.35
GUM_START = 2 * ROW_HEIGHT
GUM_HEIGHT = 0.15
# Cells and strips keep this distance from their neighbours, so that mipmaps do not mix them.
MARGIN = 0.012


def in_tooth_cell(crown: Surface, number: int, row: int) -> Surface:
    """Move a crown's texture coordinates to its cell: columns from the midline back, a row per jaw.

    Both sides of a jaw share their cells.
    """
    width = 1 / TEETH_PER_SIDE
    return _placed(crown, (number * width, row * ROW_HEIGHT), (width, ROW_HEIGHT))


def in_gum_strip(gum: Surface, row: int) -> Surface:
    """Move a gum's texture coordinates to its jaw's strip under the teeth's cells."""
    return _placed(gum, (0.0, GUM_START + row * GUM_HEIGHT), (1.0, GUM_HEIGHT))


def _placed(surface: Surface, corner: tuple[float, float], size: tuple[float, float]) -> Surface:
    inner = surface.uvs.new_tensor(size) - 2 * MARGIN
    uvs: Float[Tensor, "uvs 2"] = surface.uvs.new_tensor(corner) + MARGIN + surface.uvs * inner
    return Surface(
        vertices=surface.vertices, faces=surface.faces, uvs=uvs, uv_faces=surface.uv_faces
    )
