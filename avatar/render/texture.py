"""Textures that do not alias: mip pyramids, looked up trilinearly."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Texture:
    """A texture and its mip levels, texel after texel; level 0 is the texture itself.

    `starts`, `widths` and `heights` say where each level lies among the rows of `texels`.
    """

    texels: Float[Tensor, "texels channels"]
    starts: Int[Tensor, " levels"]
    widths: Int[Tensor, " levels"]
    heights: Int[Tensor, " levels"]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of level 0 in texels."""
        return int(self.widths[0]), int(self.heights[0])

    def sample(
        self, uvs: Float[Tensor, "points 2"], lods: Float[Tensor, " points"]
    ) -> Float[Tensor, "points channels"]:
        """Look up at `uvs` (clamped to the texture) on the mip levels `lods`, trilinearly.

        A lod of 0 is the texture itself, 1 its half; texel (0, 0)'s centre is at 0.5 / size.
        """
        lods = lods.clamp(0, len(self.starts) - 1)
        fine = lods.long()
        coarse = (fine + 1).clamp_max(len(self.starts) - 1)
        share = lods - fine
        near_index, near_weight = self._corners(uvs, fine)
        far_index, far_weight = self._corners(uvs, coarse)
        weights = [weight * (1 - share) for weight in near_weight]
        weights += [weight * share for weight in far_weight]
        # One fused weighted sum of rows: several times faster than eight gathers.
        return functional.embedding_bag(
            torch.stack(near_index + far_index, -1),
            self.texels,
            per_sample_weights=torch.stack(weights, -1),
            mode="sum",
        )

    def _corners(
        self, uvs: Float[Tensor, "points 2"], level: Int[Tensor, " points"]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the four texels around each point on its level, and their bilinear weights."""
        widths, heights = self.widths.index_select(0, level), self.heights.index_select(0, level)
        u, v = uvs.unbind(-1)
        x, y = (u * widths - 0.5).clamp_min(0), (v * heights - 0.5).clamp_min(0)
        left = torch.minimum(x.long(), widths - 1)
        top = torch.minimum(y.long(), heights - 1)
        x, y = (x - left).clamp_max(1), (y - top).clamp_max(1)
        corner = self.starts.index_select(0, level) + top * widths + left
        right = (left + 1 < widths).long()
        below = widths * (top + 1 < heights)
        both = x * y
        return (
            [corner, corner + right, corner + below, corner + right + below],
            [1 - x - y + both, x - both, y - both, both],
        )


def build_texture(image: Float[Tensor, "height width channels"]) -> Texture:
    """Return the texture of an image (row 0 at v = 0) with all its mip levels, box-filtered."""
    levels = [image]
    while max(levels[-1].shape[:2]) > 1:
        levels.append(_halved(levels[-1]))
    sizes = torch.tensor([level.shape[:2] for level in levels], device=image.device)
    counts = sizes.prod(-1)
    return Texture(
        texels=torch.cat([level.reshape(-1, image.shape[2]) for level in levels]),
        starts=counts.cumsum(0) - counts,
        widths=sizes[:, 1],
        heights=sizes[:, 0],
    )


def _halved(
    image: Float[Tensor, "height width channels"],
) -> Float[Tensor, "half_height half_width channels"]:
    """Average 2 x 2 texels; an odd size repeats its last row or column."""
    if image.shape[0] % 2:
        image = torch.cat([image, image[-1:]], 0)
    if image.shape[1] % 2:
        image = torch.cat([image, image[:, -1:]], 1)
    rows = image[0::2] + image[1::2]
    pairs = rows.unflatten(1, (-1, 2))
    return (pairs[:, :, 0] + pairs[:, :, 1]) * 0.25
