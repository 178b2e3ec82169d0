"""The splat rasteriser's CUDA kernels behind the same custom ops as the CPU's.

Nothing waits for the GPU inside a step: memory for the pairs of a splat and a tile is taken for
more than the last pictures had. Where a scene is new, or has grown by much, the number of pairs is
read back once, and the picture drawn again if it had no room. Under graph capture it never is, and
a picture that lacked room is NaN all over.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops.native import has_cuda_kernels, native_module

_MOST_PAIRS = (1 << 31) - 1


@dataclass(kw_only=True)
class _Room:
    """How many pairs memory is taken for on a device, and for how many splats that was checked."""

    pairs: int = 1 << 16
    splats: int = 0
    pixels: int = 0

    def is_new(self, splats: int, pixels: int) -> bool:
        """Return whether a scene is much larger than those whose pairs were counted."""
        return splats > 1.1 * self.splats or pixels > self.pixels

    def fit(self, count: int, splats: int, pixels: int) -> None:
        """Make room for twice as many pairs as were counted."""
        self.pairs = min(max(self.pairs, 2 * count), _MOST_PAIRS)
        self.splats, self.pixels = max(self.splats, splats), max(self.pixels, pixels)


@functools.cache
def _room(device: torch.device) -> _Room:
    return _Room() if device.type == "cuda" else _Room(pairs=0)


def check_cuda_kernels() -> None:
    """Raise unless there are kernels for tensors on a GPU.

    Raises:
        OptionError: the module was built where there was no nvcc.
    """
    if not has_cuda_kernels():
        raise OptionError(
            "means: on a GPU, and avatar was built without CUDA; move them to the CPU, call "
            "rasterize_splats_reference(), or reinstall avatar where nvcc is on the PATH"
        )


def _arguments(inputs: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
    """Return what must be kept alive during a call, and what the native functions take first."""
    tensors: list[Any] = [None if t is None else t.detach().contiguous() for t in inputs[:8]]
    means, features, harmonics = tensors[0], tensors[4], tensors[5]
    rotation, translation, intrinsics, height, width, near, blur, antialiased = inputs[8:16]
    lens = torch.stack([intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 2], intrinsics[1, 2]])
    camera = torch.cat([rotation.reshape(-1), translation, lens]).detach()
    sizes = [
        len(means),
        features.shape[1],
        0 if harmonics is None else harmonics.shape[1],
        height,
        width,
    ]
    addresses = [_address(tensor) for tensor in tensors]
    return [*tensors, camera], (addresses, camera.data_ptr(), sizes, [near, blur], antialiased)


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None or not tensor.numel() else tensor.data_ptr()


def _stream(device: torch.device) -> int:
    return torch.cuda.current_stream(device).cuda_stream


def forward(*inputs: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Draw; the state for the backward pass comes last, as memory and as room for pairs."""
    check_cuda_kernels()
    native: Any = native_module()
    means, background = inputs[0], inputs[7]
    if means.dtype != torch.float32:
        raise OptionError(f"means: expected float32 on a GPU, got {means.dtype}")
    height, width = inputs[11:13]
    room, device = _room(means.device), means.device
    with torch.cuda.device(device):
        kept, arguments = _arguments(inputs)
        picture = means.new_empty(len(background), height, width)
        depths, transmittance = means.new_empty(height, width), means.new_empty(height, width)
        radii = means.new_empty(len(means), dtype=torch.int32)
        outputs = [_address(tensor) for tensor in (picture, depths, transmittance, radii)]
        while True:
            capacity = room.pairs
            size, scratch_size, _ = native.gpu_splat_sizes(arguments[2], capacity)
            state = means.new_empty(size, dtype=torch.uint8)
            scratch = means.new_empty(scratch_size, dtype=torch.uint8)
            native.rasterize_splats_on_gpu(
                *arguments,
                outputs,
                state.data_ptr(),
                scratch.data_ptr(),
                capacity,
                _stream(device),
            )
            known = not room.is_new(len(means), height * width)
            if known or torch.cuda.is_current_stream_capturing():
                break
            count = int(state[:8].view(torch.int64))  # waits for the GPU
            if count > _MOST_PAIRS:
                raise OptionError(
                    "gaussians: too many pairs of a splat and a tile; use fewer, smaller scales or "
                    "a smaller picture"
                )
            room.fit(count, len(means), height * width)
            if count <= capacity:
                break
    del kept
    pairs = means.new_empty(capacity, dtype=torch.uint8)  # its length is what matters
    return picture, depths, transmittance, radii, state, pairs


def backward(*inputs: Any) -> tuple[Tensor, ...]:  # noqa: ANN401
    """Return the gradients of means to pixel offsets, then the camera's sixteen values."""
    native: Any = native_module()
    means = inputs[0]
    with torch.cuda.device(means.device):
        kept, arguments = _arguments(inputs[:16])
        state, capacity = inputs[16], len(inputs[17])
        given = [None if t is None else t.contiguous() for t in inputs[18:]]
        gradients = [
            means.new_empty(0)
            if t is None
            else torch.empty_like(t, memory_format=torch.contiguous_format)
            for t in inputs[:7]
        ]
        gradients.append(means.new_empty(16))
        *_, size = native.gpu_splat_sizes(arguments[2], capacity)
        scratch = means.new_empty(size, dtype=torch.uint8)
        native.rasterize_splats_backward_on_gpu(
            *arguments,
            [_address(tensor) for tensor in given],
            [_address(tensor) for tensor in gradients],
            state.data_ptr(),
            scratch.data_ptr(),
            capacity,
            _stream(means.device),
        )
    del kept
    return tuple(gradients)
