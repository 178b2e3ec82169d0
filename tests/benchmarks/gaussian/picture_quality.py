"""How like two pictures are: PSNR, SSIM, and a perceptual measure that needs no learned weights."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.ops.image_loss import image_loss


def psnr(picture: Float[Tensor, "h w 3"], truth: Float[Tensor, "h w 3"]) -> float:
    """Return the peak signal-to-noise ratio in dB."""
    return -10 * math.log10(max(float((picture - truth).square().mean()), 1e-10))


def ssim(picture: Float[Tensor, "h w 3"], truth: Float[Tensor, "h w 3"]) -> float:
    """Return the mean structural similarity (Wang et al. 2004)."""
    return 1 - float(image_loss(picture.contiguous(), truth.contiguous(), 1.0))


def gmsd(picture: Float[Tensor, "h w 3"], truth: Float[Tensor, "h w 3"]) -> float:
    """Return the gradient magnitude similarity deviation (Xue et al. 2014); 0 is alike.

    Stands in for LPIPS, whose network's weights are not among what this project may use: it too
    punishes blur and misplaced edges more than PSNR does.
    """
    kernel = torch.tensor([[1.0, 0.0, -1.0]] * 3) / 3
    kernels = torch.stack([kernel, kernel.T])[:, None]

    def slopes(image: Tensor) -> Tensor:
        grey = functional.avg_pool2d(255 * image.mean(-1)[None, None], 2)
        return functional.conv2d(grey, kernels, padding=1)[0].norm(dim=0)

    first, second = slopes(picture), slopes(truth)
    constant = 170.0
    alike = (2 * first * second + constant) / (first.square() + second.square() + constant)
    return float(alike.std())
