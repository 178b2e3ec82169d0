"""The default look of eyelashes: tapered hairs with transparency between them."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.parts.noise import smooth_step

_HAIRS = 112
_BUNCH = 0.35
LINE = 0.14
"""Share of the strip, from the roots up, that is so dense that it is seen as a line."""


def lash_texture(
    hair_color: Float[Tensor, "3"],
    size: tuple[int, int] = (128, 1536),
    generator: torch.Generator | None = None,
) -> Float[Tensor, "height width 4"]:
    """Return linear RGB and alpha of a strip of lashes: roots at the bottom, tips at the top.

    Lashes are darker than the hair of the head and never lighter than dark brown.
    """
    generator = generator or torch.Generator().manual_seed(17)
    height, width = size
    rise = 1 - (torch.arange(height) + 0.5) / height
    across = (torch.arange(width) + 0.5) / width
    root = (torch.arange(_HAIRS) + 0.5) / _HAIRS
    root = root + 0.35 / _HAIRS * torch.randn(_HAIRS, generator=generator)
    length = 0.66 + 0.32 * torch.rand(_HAIRS, generator=generator)
    # Neighbouring tips lean together, as wet lashes do.
    bunch = (root * _HAIRS / 3).floor() * 3 / _HAIRS + 1.5 / _HAIRS
    lean = _BUNCH * (bunch - root) + 0.006 * torch.randn(_HAIRS, generator=generator)
    alpha = torch.zeros(height, width)
    reach = round(0.06 * width)
    for hair in range(_HAIRS):
        # Only the columns a hair can lean to are looked at.
        first = max(0, round(float(root[hair]) * width) - reach)
        columns = slice(first, first + 2 * reach)
        along = (rise / length[hair]).clamp(0, 1)
        center = root[hair] + lean[hair] * along**1.4
        half = 0.0021 * (1 - along) ** 0.7 + 0.0003
        distance = (across[columns] - center[:, None]).abs() / half[:, None]
        inside = smooth_step(1.5, 0.6, distance) * (rise < length[hair])[:, None]
        alpha[:, columns] = torch.maximum(alpha[:, columns], inside)
    # Finer hairs between the drawn ones, and the shade at their roots, seen as a line from afar.
    line = 0.9 * smooth_step(LINE, 0.3 * LINE, rise)
    alpha = torch.maximum(alpha, line[:, None].expand(height, width))
    dark = torch.minimum(hair_color.float() * 0.5, hair_color.new_tensor([0.03, 0.02, 0.014]))
    return torch.cat([dark.expand(height, width, 3), alpha[..., None]], dim=-1)
