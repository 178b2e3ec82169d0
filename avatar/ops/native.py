"""The compiled module; this is the only place that loads it.

Its functions take raw addresses and check nothing: every op has one wrapper here in `avatar.ops`
that does.
"""

import functools
import importlib
import os
from typing import Any

import torch
from torch import Tensor

NATIVE_VARIABLE = "AVATAR_NATIVE"


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


def runs_natively(*tensors: Tensor) -> bool:
    """Return whether the native CPU kernels take these tensors: float32 or integer, on the CPU."""
    return has_native_module() and all(
        tensor.device.type == "cpu"
        and (tensor.dtype == torch.float32 or not tensor.dtype.is_floating_point)
        for tensor in tensors
    )
