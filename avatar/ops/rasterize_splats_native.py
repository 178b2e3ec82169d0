"""The splat rasteriser's native kernels as torch custom ops, for autograd and torch.compile."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops import rasterize_splats_cuda
from avatar.ops.native import native_module
from avatar.ops.rasterize_splats_reference import SplatArguments

_INPUTS = (
    "Tensor means, Tensor rotations, Tensor scales, Tensor opacities, Tensor features, "
    "Tensor? harmonics, Tensor? pixel_offsets, Tensor background, "
    "Tensor rotation, Tensor translation, Tensor intrinsics, "
    "int height, int width, float near, float blur, bool antialiased"
)


def rasterize_splats_natively(
    arguments: SplatArguments,
) -> tuple[
    Float[Tensor, "channels height width"],
    Float[Tensor, "height width"],
    Float[Tensor, "height width"],
    Int[Tensor, " splats"],
]:
    """Do what `splat_picture` does, with the native kernels; float32, on the CPU or a GPU."""
    values = [getattr(arguments, field.name) for field in fields(arguments)]
    picture, depths, transmittance, radii, _, _ = _forward(*values)
    return picture, depths, transmittance, radii


def _call(function: Any, inputs: Sequence[Any], *outputs: Any) -> None:  # noqa: ANN401
    """Call a native function with contiguous inputs, kept alive for the length of the call."""
    tensors: list[Any] = [None if t is None else t.detach().contiguous() for t in inputs[:8]]
    means, _, _, _, features, harmonics = tensors[:6]
    rotation, translation, intrinsics, height, width, near, blur, antialiased = inputs[8:]
    (focal_x, _, x), (_, focal_y, y), _ = intrinsics.tolist()
    if focal_x < 0 or focal_y < 0:
        raise OptionError(f"intrinsics: expected positive focal lengths, got {focal_x}, {focal_y}")
    camera = [*rotation.flatten().tolist(), *translation.tolist(), focal_x, focal_y, x, y]
    try:
        function(
            [_address(tensor) for tensor in tensors],
            len(means),
            features.shape[1],
            0 if harmonics is None else harmonics.shape[1],
            camera,
            [height, width],
            [near, blur],
            antialiased,
            torch.get_num_threads(),
            *outputs,
        )
    except ValueError as error:
        raise OptionError(
            f"gaussians: {error}; use fewer, smaller scales or a smaller picture"
        ) from error


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


@torch.library.custom_op(
    "avatar::rasterize_splats",
    mutates_args=(),
    device_types="cpu",
    schema=f"({_INPUTS}) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
)
def _forward(*inputs: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    means, background = inputs[0], inputs[7]
    height, width = inputs[11:13]
    picture = torch.empty(len(background), height, width)
    depths, transmittance = torch.empty(height, width), torch.empty(height, width)
    radii = torch.empty(len(means), dtype=torch.int32)
    state: list[Tensor] = []

    def allocate(size: int) -> int:
        state.append(torch.empty(max(size, 1), dtype=torch.uint8))
        return state[-1].data_ptr()

    outputs = [_address(tensor) for tensor in (picture, depths, transmittance, radii)]
    _call(native_module().rasterize_splats, inputs, outputs, allocate)  # type: ignore[union-attr]
    visible, pairs = state
    return picture, depths, transmittance, radii, visible, pairs


_forward.register_kernel("cuda")(rasterize_splats_cuda.forward)


@_forward.register_fake
def _(*inputs: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    means, background = inputs[0], inputs[7]
    height, width = inputs[11:13]
    context = torch.library.get_ctx()
    return (
        means.new_empty(len(background), height, width),
        means.new_empty(height, width),
        means.new_empty(height, width),
        means.new_empty(len(means), dtype=torch.int32),
        means.new_empty(context.new_dynamic_size(), dtype=torch.uint8),
        means.new_empty(context.new_dynamic_size(), dtype=torch.uint8),
    )


@torch.library.custom_op(
    "avatar::rasterize_splats_backward",
    mutates_args=(),
    device_types="cpu",
    schema=f"({_INPUTS}, Tensor visible, Tensor pairs, Tensor picture, Tensor depths, "
    "Tensor transmittance, Tensor? picture_gradient, Tensor? depth_gradient, "
    "Tensor? transmittance_gradient) -> "
    "(Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
)
def _backward(*inputs: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    given = [None if t is None else t.contiguous() for t in inputs[16:]]
    gradients = _empty_gradients(inputs)
    outputs = [tensor.data_ptr() if tensor.numel() else 0 for tensor in gradients]
    addresses = [_address(tensor) for tensor in given]
    native = native_module()
    _call(native.rasterize_splats_backward, inputs[:16], addresses, outputs)  # type: ignore[union-attr]
    return gradients


def _empty_gradients(inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    """Return gradients to be filled: means to pixel offsets, then the camera's sixteen values."""
    means = inputs[0]
    like = [means.new_empty(0) if t is None else means.new_empty(t.shape) for t in inputs[:7]]
    return *like, means.new_empty(16)


_backward.register_kernel("cuda")(rasterize_splats_cuda.backward)


@_backward.register_fake
def _(*inputs: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    return _empty_gradients(inputs)


def _setup_context(ctx: Any, inputs: Sequence[Any], output: Sequence[Tensor]) -> None:  # noqa: ANN401
    ctx.numbers = inputs[11:]
    picture, depths, transmittance, _, visible, pairs = output
    ctx.save_for_backward(*inputs[:11], visible, pairs, picture, depths, transmittance)
    ctx.set_materialize_grads(False)


def _differentiate(
    ctx: Any,  # noqa: ANN401
    picture_gradient: Tensor | None,
    depth_gradient: Tensor | None,
    transmittance_gradient: Tensor | None,
    *_: Tensor | None,
) -> tuple[Tensor | None, ...]:
    saved = ctx.saved_tensors
    inputs, state = saved[:11], saved[11:]
    given = (picture_gradient, depth_gradient, transmittance_gradient)
    gradients = _backward(*inputs, *ctx.numbers, *state, *given)
    present = [None if t is None else g for t, g in zip(inputs[:7], gradients[:7], strict=True)]
    camera = gradients[7]
    zero = camera.new_zeros(())
    focal_x, focal_y, x, y = camera[12:].unbind()
    intrinsics = torch.stack([focal_x, zero, x, zero, focal_y, y, zero, zero, zero]).view(3, 3)
    background = None
    if picture_gradient is not None and ctx.needs_input_grad[7]:
        background = (picture_gradient * saved[-1]).sum((1, 2))
    pose = (camera[:9].view(3, 3), camera[9:12], intrinsics)
    return *present, background, *pose, *[None] * 5


_forward.register_autograd(_differentiate, setup_context=_setup_context)
