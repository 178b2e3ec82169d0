"""The compiled module; this is the only place that loads it.

Its functions take raw addresses and check nothing: every op has one wrapper here in `avatar.ops`
that does.
"""

import functools
import importlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

NATIVE_VARIABLE = "AVATAR_NATIVE"

DEVICES = ("cpu", "cuda")
"""Of torch, that native ops run on."""

Place = tuple[int, int, Callable[[int], int] | None]
"""What native functions are told of where to run: threads; stream and memory of a GPU."""


def native_module() -> Any | None:  # noqa: ANN401 -- a compiled module has no static type
    """Return `avatar._native`, or None where it was not built or AVATAR_NATIVE=0 turns it off.

    torch is imported first (above), so that the module shares its OpenMP threads.
    """
    return _load()[0]


def native_error() -> str:
    """Return why there is no native module; empty where there is one."""
    return _load()[1]


@torch.compiler.assume_constant_result
def has_native_module() -> bool:
    """Return whether there is a native module; a constant where torch.compile traces."""
    return native_module() is not None


@functools.cache
def _load() -> tuple[Any | None, str]:
    if os.environ.get(NATIVE_VARIABLE) == "0":
        return None, f"turned off by {NATIVE_VARIABLE}=0"
    try:
        return importlib.import_module("avatar._native"), ""
    except ImportError as error:
        return None, f"{error}; reinstall avatar where there is a C++ compiler"


@torch.compiler.assume_constant_result
def has_cuda_kernels() -> bool:
    """Return whether the native module was built with kernels for NVIDIA GPUs."""
    return hasattr(native_module(), "rasterize_splats_on_gpu")


def runs_natively(*tensors: Tensor) -> bool:
    """Return whether native kernels take these tensors: float32 or integer, on one device.

    That is the CPU, or an NVIDIA GPU where the module was built for them.
    """
    device = tensors[0].device
    return (
        has_native_module()
        and (device.type == "cpu" or (device.type == "cuda" and has_cuda_kernels()))
        and all(
            tensor.device == device
            and (tensor.dtype == torch.float32 or not tensor.dtype.is_floating_point)
            for tensor in tensors
        )
    )


@contextmanager
def native_place(device: torch.device) -> Generator[Place]:
    """Yield where native functions are to run for tensors on `device`.

    On a GPU that is torch's current stream, nothing of which waits for anything; scratch memory is
    torch's, and goes back to it afterwards: in the order of the stream.
    """
    if device.type == "cpu":
        yield torch.get_num_threads(), 0, None
        return
    scratch: list[Tensor] = []

    def allocate(size: int) -> int:
        scratch.append(torch.empty(size, dtype=torch.uint8, device=device))
        return scratch[-1].data_ptr()

    with torch.cuda.device(device):
        yield 0, torch.cuda.current_stream(device).cuda_stream, allocate
