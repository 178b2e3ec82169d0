"""How far places of a photo are from a mask's edge, as a field with a slope."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.fit.brightness import Brightness, with_slope

WINDOW_SIDE = 512
"""The longer side of the window, in pixels of its own."""

MARGIN = 0.35
"""How far the window reaches beyond the face's box, as a share of the box's longer side."""


@dataclass(frozen=True, kw_only=True)
class EdgeWindow:
    """A window of a photo, `size` (columns, rows) of its own pixels wide and high."""

    left: int
    top: int
    width: int
    height: int
    size: tuple[int, int]

    def distances(self, mask: Float[Tensor, "height width"]) -> Brightness:
        """Return the distances to the edge of a mask of the whole photo."""
        inside = mask[self.top : self.top + self.height, self.left : self.left + self.width]
        rows = self.size[::-1]
        small = functional.interpolate(inside[None, None], size=rows, mode="bilinear")
        return self.distances_in_window(small[0, 0])

    def distances_in_window(self, mask: Float[Tensor, "rows columns"]) -> Brightness:
        """Return the distances to a mask's edge in photo pixels, positive inside the mask."""
        inside = (mask > 0.5).numpy()
        within, without = (
            torch.from_numpy(distance_transform_edt(part)).float() for part in (inside, ~inside)
        )
        scale = self.width / self.size[0], self.height / self.size[1]
        # An edge runs between pixels, half a pixel from the nearest ones.
        signed = torch.where(within > 0, within - 0.5, 0.5 - without)
        corner = self.left - 0.5, self.top - 0.5
        return with_slope(signed * 0.5 * (scale[0] + scale[1]), corner, scale)


def edge_window(seen: Observation) -> EdgeWindow:
    """Return the window around a face that holds its cheeks and jaw."""
    box = seen.box.tolist()
    margin = MARGIN * max(box[2] - box[0], box[3] - box[1])
    left, top = max(0, int(box[0] - margin)), max(0, int(box[1] - margin))
    width = max(2, min(seen.photo.width, math.ceil(box[2] + margin)) - left)
    height = max(2, min(seen.photo.height, math.ceil(box[3] + margin)) - top)
    zoom = WINDOW_SIDE / max(width, height)
    size = max(8, round(width * zoom)), max(8, round(height * zoom))
    return EdgeWindow(left=left, top=top, width=width, height=height, size=size)
