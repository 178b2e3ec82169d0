"""How much two pictures differ: absolute difference and structural similarity together."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops.native import DEVICES, native_module, native_place, runs_natively

RADIUS = 5
SIGMA = 1.5
C1, C2 = 0.01**2, 0.03**2


def image_loss(
    picture: Float[Tensor, "height width channels"],
    target: Float[Tensor, "height width channels"],
    ssim_weight: float = 0.2,
) -> Float[Tensor, ""]:
    """Return (1 - w) * mean |picture - target| + w * (1 - mean SSIM), with w the `ssim_weight`.

    Structural similarity (Wang et al. 2004) of values in [0, 1], with a Gaussian window of 11 x 11
    pixels (sigma 1.5) and zeros beyond the rim, as 3D Gaussian splatting trains with (Kerbl et al.
    2023). Differentiable in both pictures; natively (float32) the gradient by `picture`
    is computed along with the value, so that going back costs next to nothing.

    Raises:
        OptionError: pictures that differ in shape, dtype or device, or a weight not in [0, 1].
    """
    _check(picture, target, ssim_weight)
    # The native op keeps planes apart, as the splat rasteriser's pictures lie in memory.
    if runs_natively(picture, target) and not target.requires_grad:
        planes, target_planes = picture.permute(2, 0, 1), target.permute(2, 0, 1)
        needs_slope = picture.requires_grad and torch.is_grad_enabled()
        return _loss(planes, target_planes, ssim_weight, needs_slope)[0]
    return image_loss_reference(picture, target, ssim_weight)


def image_loss_reference(
    picture: Float[Tensor, "height width channels"],
    target: Float[Tensor, "height width channels"],
    ssim_weight: float = 0.2,
) -> Float[Tensor, ""]:
    """Do what `image_loss` does, in torch on any device; the definition of the op."""
    _check(picture, target, ssim_weight)
    offsets = torch.arange(-RADIUS, RADIUS + 1, device=picture.device, dtype=picture.dtype)
    window = (-(offsets**2) / (2 * SIGMA**2)).exp()
    window = window / window.sum()
    x, y = picture.permute(2, 0, 1), target.permute(2, 0, 1)
    moments = torch.stack([x, y, x * x, y * y, x * y]).flatten(0, 1)[:, None]
    moments = torch.nn.functional.conv2d(moments, window[None, None, None], padding=(0, RADIUS))
    moments = torch.nn.functional.conv2d(moments, window[None, None, :, None], padding=(RADIUS, 0))
    mean_x, mean_y, xx, yy, xy = moments[:, 0].unflatten(0, (5, -1)).unbind(0)
    similarity = (2 * mean_x * mean_y + C1) * (2 * (xy - mean_x * mean_y) + C2)
    similarity = similarity / (mean_x.square() + mean_y.square() + C1)
    similarity = similarity / (xx - mean_x.square() + yy - mean_y.square() + C2)
    difference = (picture - target).abs().mean()
    return (1 - ssim_weight) * difference + ssim_weight * (1 - similarity.mean())


def _check(picture: Tensor, target: Tensor, ssim_weight: float) -> None:
    if picture.ndim != 3 or not picture.numel():
        raise OptionError(f"picture: expected shape (H, W, C), got {tuple(picture.shape)}")
    if target.shape != picture.shape:
        raise OptionError(
            f"target: expected shape {tuple(picture.shape)} as the picture has, "
            f"got {tuple(target.shape)}"
        )
    if target.dtype != picture.dtype or not picture.dtype.is_floating_point:
        raise OptionError(
            f"target: expected dtype {picture.dtype} as the picture has, got {target.dtype}"
        )
    if target.device != picture.device:
        raise OptionError(
            f"target: expected on {picture.device} as the picture is, got {target.device}"
        )
    if not 0 <= ssim_weight <= 1:
        raise OptionError(f"ssim_weight: expected 0 to 1, got {ssim_weight}")


@torch.library.custom_op(
    "avatar::image_loss",
    mutates_args=(),
    device_types=DEVICES,
    schema="(Tensor picture, Tensor target, float ssim_weight, bool needs_slope) "
    "-> (Tensor, Tensor)",
)
def _loss(
    picture: Tensor,
    target: Tensor,
    ssim_weight: float,
    needs_slope: bool,  # noqa: FBT001
) -> tuple[Tensor, Tensor]:
    native: Any = native_module()
    picture, target = picture.detach().contiguous(), target.detach().contiguous()
    slope = torch.empty_like(picture if needs_slope else picture[:0])
    loss = picture.new_empty(())
    with native_place(picture.device) as place:
        native.image_loss(
            picture.data_ptr(),
            target.data_ptr(),
            *picture.shape,
            ssim_weight,
            place,
            loss.data_ptr(),
            slope.data_ptr() if needs_slope else 0,
        )
    return loss, slope


@_loss.register_fake
def _(picture: Tensor, target: Tensor, ssim_weight: float, needs_slope: bool) -> Any:  # noqa: ANN401, FBT001
    del target, ssim_weight
    shape = picture.shape if needs_slope else (0, *picture.shape[1:])
    return picture.new_empty(()), picture.new_empty(shape)


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:  # noqa: ANN401
    del inputs
    ctx.save_for_backward(output[1])


def _differentiate(ctx: Any, gradient: Tensor, _: Tensor | None) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    return ctx.saved_tensors[0] * gradient, None, None, None


_loss.register_autograd(_differentiate, setup_context=_setup_context)
