"""Native morphs and skinning as a torch custom op with gradients."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.ops.native import DEVICES, native_module, native_place

_INPUTS = (
    "Tensor vertices, Tensor morphs, Tensor skin_weights, Tensor morph_weights, Tensor matrices"
)


def skin_natively(
    vertices: Float[Tensor, "verts 3"],
    morphs: Float[Tensor, "morphs verts 3"],
    skin_weights: Float[Tensor, "verts joints"],
    morph_weights: Float[Tensor, "poses morphs"],
    matrices: Float[Tensor, "poses joints 3 4"],
) -> Float[Tensor, "poses verts 3"]:
    """Do what `skin` does, with the native kernels; float32, on the CPU or a GPU."""
    return _forward(vertices, morphs, skin_weights, morph_weights, matrices)


def _arguments(inputs: Sequence[Tensor]) -> tuple[list[Tensor], tuple[Any, ...]]:
    """Return contiguous inputs, to be kept alive, and what the native functions take first."""
    kept = [tensor.detach().contiguous() for tensor in inputs]
    _, morphs, skin_weights, morph_weights, _ = kept
    sizes = [len(skin_weights), len(morphs), skin_weights.shape[1], len(morph_weights)]
    return kept, ([tensor.data_ptr() for tensor in kept], sizes)


@torch.library.custom_op(
    "avatar::skin", mutates_args=(), device_types=DEVICES, schema=f"({_INPUTS}) -> Tensor"
)
def _forward(*inputs: Tensor) -> Tensor:
    native: Any = native_module()
    kept, arguments = _arguments(inputs)
    posed = kept[0].new_empty(len(kept[3]), len(kept[0]), 3)
    with native_place(posed.device) as place:
        native.skin(*arguments, place, posed.data_ptr())
    return posed


@_forward.register_fake
def _(*inputs: Tensor) -> Tensor:
    return inputs[0].new_empty(inputs[3].shape[0], inputs[0].shape[0], 3)


@torch.library.custom_op(
    "avatar::skin_backward",
    mutates_args=(),
    device_types=DEVICES,
    schema=f"({_INPUTS}, Tensor gradient, bool[] wanted) -> (Tensor, Tensor, Tensor, Tensor, "
    "Tensor)",
)
def _backward(*inputs: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    native: Any = native_module()
    kept, arguments = _arguments(inputs[:5])
    gradient = inputs[5].contiguous()
    slopes = _empty_slopes(*inputs)
    addresses = [
        slope.data_ptr() if wanted else 0 for slope, wanted in zip(slopes, inputs[6], strict=True)
    ]
    with native_place(gradient.device) as place:
        native.skin_backward(*arguments, place, gradient.data_ptr(), addresses)
    del kept
    return slopes


@_backward.register_fake
def _empty_slopes(*inputs: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    wanted = inputs[6]
    return tuple(
        torch.empty_like(tensor if want else tensor[:0], memory_format=torch.contiguous_format)
        for tensor, want in zip(inputs[:5], wanted, strict=True)
    )


def _setup_context(ctx: Any, inputs: Sequence[Tensor], output: Tensor) -> None:  # noqa: ANN401
    del output
    ctx.save_for_backward(*inputs)


def _differentiate(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    wanted = list(ctx.needs_input_grad)
    slopes = _backward(*ctx.saved_tensors, gradient, wanted)
    return tuple(slope if want else None for slope, want in zip(slopes, wanted, strict=True))


_forward.register_autograd(_differentiate, setup_context=_setup_context)
