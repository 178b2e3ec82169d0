"""Every way an op is computed: the torch twin, and natively by each instruction set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from avatar.ops.native import native_module

NATIVE = native_module()
INSTRUCTION_SETS = NATIVE.instruction_sets() if NATIVE else []
EMULATED_GPU = "emulated_gpu"
"""The GPU's kernels, in builds where the CPU plays one."""


@contextmanager
def computed_by(instruction_set: str) -> Iterator[None]:
    """Run native kernels of one instruction set, and the one before afterwards."""
    before = NATIVE.instruction_set()
    NATIVE.use_instruction_set(instruction_set)
    try:
        yield
    finally:
        NATIVE.use_instruction_set(before)


def each_way(reference: Callable, native: Callable, *, but: str = "") -> Callable:
    """Return a fixture of the op in every way; each test that asks for it holds for all of them.

    `but` names a way that is left out.
    """

    @pytest.fixture(params=["reference", *(name for name in INSTRUCTION_SETS if name != but)])
    def way(request: pytest.FixtureRequest) -> Iterator[Callable]:
        if request.param == "reference":
            yield reference
            return
        with computed_by(request.param):
            yield native

    return way
