"""TensorFlow Lite's operators as torch functions.

Tensors keep TensorFlow's layout, (batch, height, width, channels); convolutions see them through a
permuted view, which is torch's channels-last memory format, so nothing is copied. Each builder
reads an operator's options once and returns the function that runs it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import SupportsInt

import torch
from torch import Tensor
from torch.nn import functional

from avatar.capture.tflite.graph import Operator
from avatar.core.errors import ModelError

Step = Callable[..., Tensor]


def activation(operator: Operator, field: int) -> Callable[[Tensor], Tensor]:
    """Return the activation fused into an operator."""
    kind = operator.option(field)
    if kind == 0:
        return lambda x: x
    if kind == 1:
        return functional.relu
    if kind == 3:
        return functional.relu6
    raise ModelError(f"model file: fused activation {kind} is not supported")


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the padding before and after that makes the output `ceil(size / stride)` long."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _numbers(sizes: Iterable[SupportsInt]) -> tuple[int, ...]:
    """Return sizes as plain numbers: while a network is traced they are tensors."""
    return tuple(int(size) for size in sizes)


def _padded(
    x: Tensor, kernel: Sequence[int], stride: Sequence[int], value: float
) -> tuple[Tensor, tuple[int, int]]:
    """Return (batch, channels, height, width) and the even padding still to be added to it.

    TensorFlow's SAME puts the odd pixel at the end; only that one is added here, since torch's
    operators pad evenly by themselves, and faster.
    """
    height, width = _numbers(x.shape[2:])
    top, bottom = same_padding(height, kernel[0], stride[0])
    left, right = same_padding(width, kernel[1], stride[1])
    if top == bottom and left == right:
        return x, (top, left)
    return functional.pad(x, (left, right, top, bottom), value=value), (0, 0)


def convolution(operator: Operator) -> Step:
    """CONV_2D: weights are (out, height, width, in)."""
    same = operator.option(0) == 0
    stride = (operator.option(2, "i", 1), operator.option(1, "i", 1))
    dilation = (operator.option(5, "i", 1), operator.option(4, "i", 1))
    if dilation != (1, 1):
        raise ModelError(f"model file: convolution with dilation {dilation} is not supported")
    finish = activation(operator, 3)

    def run(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if weight.shape[1:3] == (1, 1) and stride == (1, 1):
            # A matrix product, in this layout: half the time of a convolution's machinery.
            return finish(functional.linear(x, weight.flatten(1), bias))
        image, padding = x.permute(0, 3, 1, 2), (0, 0)
        if same:
            image, padding = _padded(image, _numbers(weight.shape[1:3]), stride, 0.0)
        out = functional.conv2d(image, weight.permute(0, 3, 1, 2), bias, stride, padding)
        return finish(out).permute(0, 2, 3, 1)

    return run


def depthwise_convolution(operator: Operator) -> Step:
    """DEPTHWISE_CONV_2D: weights are (1, height, width, channels * multiplier)."""
    same = operator.option(0) == 0
    stride = (operator.option(2, "i", 1), operator.option(1, "i", 1))
    finish = activation(operator, 4)

    def run(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        image, padding = x.permute(0, 3, 1, 2), (0, 0)
        if same:
            image, padding = _padded(image, _numbers(weight.shape[1:3]), stride, 0.0)
        kernel = weight.permute(3, 0, 1, 2)
        out = functional.conv2d(image, kernel, bias, stride, padding, groups=x.shape[3])
        return finish(out).permute(0, 2, 3, 1)

    return run


def max_pool(operator: Operator) -> Step:
    """MAX_POOL_2D."""
    same = operator.option(0) == 0
    stride = (operator.option(2, "i", 1), operator.option(1, "i", 1))
    kernel = (operator.option(4, "i", 1), operator.option(3, "i", 1))

    def run(x: Tensor) -> Tensor:
        image, padding = x.permute(0, 3, 1, 2), (0, 0)
        if same:
            image, padding = _padded(image, kernel, stride, float("-inf"))
        return functional.max_pool2d(image, kernel, stride, padding).permute(0, 2, 3, 1)

    return run


def average_pool(operator: Operator) -> Step:
    """AVERAGE_POOL_2D over windows that tile the input, so that padding never counts."""
    stride = (operator.option(2, "i", 1), operator.option(1, "i", 1))
    kernel = (operator.option(4, "i", 1), operator.option(3, "i", 1))

    def run(x: Tensor) -> Tensor:
        if x.shape[1] % stride[0] or x.shape[2] % stride[1] or kernel != stride:
            raise ModelError("model file: average pooling with overlap or padding")
        return functional.avg_pool2d(x.permute(0, 3, 1, 2), kernel, stride).permute(0, 2, 3, 1)

    return run


def resize_bilinear(operator: Operator) -> Step:
    """RESIZE_BILINEAR with half-pixel centres, the one convention our models use."""
    if operator.option(2) or not operator.option(3):
        raise ModelError("model file: bilinear resizing without half-pixel centres")

    def run(x: Tensor, size: Tensor) -> Tensor:
        shape = [int(length) for length in size]
        image = functional.interpolate(x.permute(0, 3, 1, 2), shape, mode="bilinear")
        return image.permute(0, 2, 3, 1)

    return run


def depth_to_space(operator: Operator) -> Step:
    """DEPTH_TO_SPACE: channels hold blocks row by row, the block's place varying slowest."""
    block = operator.option(0, "i", 1)

    def run(x: Tensor) -> Tensor:
        batch, height, width, channels = x.shape
        blocks = x.reshape(batch, height, width, block, block, channels // block**2)
        spread = blocks.permute(0, 1, 3, 2, 4, 5)
        return spread.reshape(batch, height * block, width * block, channels // block**2)

    return run


def add(operator: Operator) -> Step:
    """ADD."""
    finish = activation(operator, 0)

    def run(x: Tensor, y: Tensor) -> Tensor:
        return finish(x + y)

    return run


def multiply(operator: Operator) -> Step:
    """MUL."""
    finish = activation(operator, 0)

    def run(x: Tensor, y: Tensor) -> Tensor:
        return finish(x * y)

    return run


def concatenate(operator: Operator) -> Step:
    """CONCATENATION."""
    axis = operator.option(0, "i")
    return lambda *parts: torch.cat(parts, dim=axis)


def pad(operator: Operator) -> Step:
    """PAD with zeros; the amounts are one (before, after) row per axis."""
    del operator

    def run(x: Tensor, amounts: Tensor) -> Tensor:
        flat = [int(amount) for row in amounts.flip(0) for amount in row]
        return functional.pad(x, flat)

    return run


def prelu(operator: Operator) -> Step:
    """PRELU with one slope per channel."""
    del operator

    def run(x: Tensor, slope: Tensor) -> Tensor:
        return functional.prelu(x.permute(0, 3, 1, 2), slope.flatten()).permute(0, 2, 3, 1)

    return run


def reshape(operator: Operator) -> Step:
    """RESHAPE; the first axis stays the batch, whatever its length."""
    stored = [] if operator.options is None else operator.options.integers(0)

    def run(x: Tensor, shape: Tensor | None = None) -> Tensor:
        sizes = stored if shape is None else [int(size) for size in shape]
        return x.reshape(x.shape[0], *sizes[1:])

    return run


def strided_slice(operator: Operator) -> Step:
    """STRIDED_SLICE with steps of one that shrinks no axis and never cuts the batch."""
    begin_mask, end_mask = operator.option(0, "i"), operator.option(1, "i")
    if operator.option(2, "i") or operator.option(3, "i") or operator.option(4, "i"):
        raise ModelError("model file: strided slices with ellipses or new or shrunk axes")

    def run(x: Tensor, begin: Tensor, end: Tensor, strides: Tensor) -> Tensor:
        for axis in range(1, x.ndim):
            start = 0 if begin_mask >> axis & 1 else int(begin[axis])
            stop = x.shape[axis] if end_mask >> axis & 1 else int(end[axis])
            if int(strides[axis]) != 1:
                raise ModelError("model file: strided slices with steps other than one")
            x = x[(slice(None),) * axis + (slice(start, stop),)]
        return x

    return run


BUILTIN: dict[int, Callable[[Operator], Step]] = {
    0: add,
    1: average_pool,
    2: concatenate,
    3: convolution,
    4: depthwise_convolution,
    5: depth_to_space,
    14: lambda _: torch.sigmoid,
    17: max_pool,
    18: multiply,
    19: lambda _: functional.relu,
    22: reshape,
    23: resize_bilinear,
    34: pad,
    45: strided_slice,
    54: prelu,
    117: lambda _: functional.hardswish,
}
"""Builders by the schema's `BuiltinOperator` number."""
