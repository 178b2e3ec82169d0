"""Which splats the difference between picture and truth is to be blamed on.

A pixel's error belongs to the splats that make it, by how much each contributes (Rota Bulo et al.
2024): a broad splat over an outline is blamed for all it blurs, where gradients of its place
cancel.
"""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.pose_splats import PosedSplats
from avatar.render.draw_splats import draw_splats


def splat_errors(
    posed: PosedSplats,
    camera: Camera,
    picture: Float[Tensor, "height width 3"],
    matte: Float[Tensor, "height width 1"],
) -> Float[Tensor, " splats"]:
    """Return each splat's share of the absolute error, in pixels: of colour and of coverage.

    `picture` is display sRGB over black.
    """
    with torch.no_grad():
        drawn = draw_splats(posed, camera)
        error = (drawn.features.clamp(0, 1) - picture).abs().mean(-1, keepdim=True)
        error = error + (1 - drawn.transmittance[..., None] - matte).abs()
    # What a picture is linear in has as its gradient how much each splat contributes.
    contribution = torch.zeros_like(posed.colors, requires_grad=True)
    plain = draw_splats(replace(posed, colors=contribution), camera)
    (blamed,) = torch.autograd.grad(plain.features, contribution, error.expand_as(picture))
    return blamed[:, 0]
