"""From light to picture: the tone curve, backgrounds, and bytes."""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from avatar.core.material import srgb_from_linear

SHOULDER = 0.75
"""Linear value above which the tone curve bends; below, a picture shows light as it is."""


def tone_map(light: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return light in [0, inf) as display-linear values in [0, 1].

    The identity up to `SHOULDER`, then an exponential shoulder of the same slope: skin keeps its
    measured colour and highlights roll off instead of clipping.
    """
    above = (light - SHOULDER).clamp_min(0)
    room = 1 - SHOULDER
    return light.clamp(0, SHOULDER) + room * (1 - torch.exp(-above / room))


def composite(
    front: Float[Tensor, "height width 4"], back: Float[Tensor, "height width 3"]
) -> Float[Tensor, "height width 3"]:
    """Lay a premultiplied RGBA picture over an opaque one, both linear."""
    return front[..., :3] + (1 - front[..., 3:]) * back


def faded_below(
    picture: Float[Tensor, "height width 4"], start: float
) -> Float[Tensor, "height width 4"]:
    """Fade a premultiplied RGBA picture out from `start`, a share of its height, to its last row.

    So that no bust ends in the picture at the edge where its mesh was cut.
    """
    row = torch.linspace(0, 1, len(picture), device=picture.device, dtype=picture.dtype)
    gone = ((row - start) / (1 - start)).clamp(0, 1)
    return picture * (1 - gone * gone * (3 - 2 * gone))[:, None, None]


def backdrop(
    height: int, width: int, like: Tensor | None = None
) -> Float[Tensor, "height width 3"]:
    """Return a neutral grey background, linear RGB, lighter in a broad spot behind the head."""
    like = torch.zeros(1) if like is None else like
    y = torch.linspace(-1, 1, height, device=like.device, dtype=like.dtype)[:, None]
    x = torch.linspace(-1, 1, width, device=like.device, dtype=like.dtype)[None]
    spot = torch.exp(-(x * x * 0.7 + (y + 0.15) ** 2 * 0.8))
    return (0.14 + 0.24 * spot)[..., None] * like.new_tensor([0.985, 1.0, 1.02])


def to_bytes(picture: Float[Tensor, "height width 3"]) -> UInt8[Tensor, "height width 3"]:
    """Encode a linear RGB picture as sRGB bytes."""
    return (srgb_from_linear(picture) * 255).round().to(torch.uint8)
