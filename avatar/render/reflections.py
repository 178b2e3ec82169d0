"""A panorama as rough surfaces mirror it: blurred once for each of a few roughnesses.

The split sum of Karis (2013): light is gathered over the lobe of a surface seen head-on, and what
the lobe mirrors of an even world is known apart (`avatar.render.facets.even_share`).
"""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.ops.sample_texture import TexturePyramid, sample_texture

ROWS = 64
"""Rows of the sharpest level; each further level has half, for lobes twice as wide."""

LEVELS = 5
_CELL_ROWS = 32
MARGIN = 0.125
"""Share of the rows above and below the poles, so that no look-up crosses from one to the other."""

SHARPEST = 0.0625
"""The lobe (roughness squared) that the first level stands for."""


@dataclass(frozen=True, kw_only=True)
class Reflections:
    """Blurred panoramas, and how the world lies in them: `panorama_from_world` turns directions."""

    levels: TexturePyramid
    panorama_from_world: Float[Tensor, "3 3"]

    @staticmethod
    def of(panorama: Float[Tensor, "rows columns 3"]) -> "Reflections":
        """Blur a latitude-longitude panorama, linear RGB, its middle before the face."""
        cells = functional.interpolate(
            panorama.permute(2, 0, 1)[None], (_CELL_ROWS, 2 * _CELL_ROWS), mode="area"
        )[0].flatten(1)
        polar = (torch.arange(_CELL_ROWS) + 0.5) / _CELL_ROWS * math.pi
        weights = polar.sin().repeat_interleave(2 * _CELL_ROWS).to(panorama)
        directions = panorama_directions(polar).to(panorama).reshape(-1, 3)
        levels: list[Tensor] = []
        for number in range(LEVELS):
            rows = ROWS >> number
            below = ((torch.arange(rows) + 0.5) / rows - MARGIN) / (1 - 2 * MARGIN)
            towards = panorama_directions(below.clamp(0, 1) * math.pi).to(directions)
            blurred = _blurred(
                towards.reshape(-1, 3), SHARPEST * 2**number, directions, cells, weights
            )
            levels.append(blurred.reshape(rows, 2 * rows, 3))
        identity = torch.eye(3, dtype=panorama.dtype, device=panorama.device)
        return Reflections(
            levels=TexturePyramid(levels=tuple(levels)), panorama_from_world=identity
        )

    def scaled(self, factor: float) -> "Reflections":
        """Return light so many times as strong."""
        levels = tuple(level * factor for level in self.levels.levels)
        return replace(self, levels=TexturePyramid(levels=levels))

    def turned(self, rotation: Float[Tensor, "3 3"]) -> "Reflections":
        """Return the panorama turned about the head: what came from d comes from `rotation` d."""
        return replace(self, panorama_from_world=self.panorama_from_world @ rotation.T)

    def mirrored(
        self, directions: Float[Tensor, "3 points"], roughness: Float[Tensor, " points"]
    ) -> Float[Tensor, "3 points"]:
        """Return the light around each direction in the lobe of each roughness."""
        x, y, z = self.panorama_from_world.to(directions) @ directions
        across = torch.atan2(-x, z) / (2 * math.pi) + 0.5
        down = torch.acos(y.clamp(-1, 1)) * ((1 - 2 * MARGIN) / math.pi) + MARGIN
        lods = 2 * roughness.clamp_min(0.02).log2() - math.log2(SHARPEST)
        places = torch.stack([across, down], -1)[None]
        return sample_texture(self.levels, places, lods[None], wrap="repeat")[0].T


def panorama_directions(polar: Float[Tensor, " rows"]) -> Float[Tensor, "rows columns 3"]:
    """Return where the pixels of a panorama lie whose rows are so far from straight up, radians.

    Twice as many columns as rows; the middle lies along +Z, the right along -X.
    """
    around = ((torch.arange(2 * len(polar)) + 0.5) / len(polar) - 1) * math.pi
    level, up = polar.sin()[:, None], polar.cos()[:, None].expand(-1, len(around))
    return torch.stack([-level * around.sin(), up, level * around.cos()], -1)


def _blurred(
    towards: Float[Tensor, "texels 3"],
    lobe: float,
    directions: Float[Tensor, "cells 3"],
    radiance: Float[Tensor, "3 cells"],
    weights: Float[Tensor, " cells"],
) -> Float[Tensor, "texels 3"]:
    """Return the mean of radiance under GGX lobes, seen and lit from `towards`."""
    # Never narrower than a cell, or texels would fall between cells.
    squared = lobe * lobe + (math.pi / _CELL_ROWS / 2) ** 2
    weighted = torch.cat([radiance * weights, weights[None]]).T
    out: list[Tensor] = []
    for some in towards.split(1024):
        cosine = some @ directions.T
        peak = (1 + cosine) * ((squared - 1) / 2) + 1  # of the squared cosine of half the angle
        total = (cosine.clamp_min(0) / (peak * peak)) @ weighted
        out.append(total[:, :3] / total[:, 3:])
    return torch.cat(out)
