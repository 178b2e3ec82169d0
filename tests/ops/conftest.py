"""Every way an op is computed, for the tests that hold for all of them."""

from collections.abc import Callable, Iterator

import pytest

from avatar.ops.native import native_module
from avatar.ops.rasterize_splats import rasterize_splats, rasterize_splats_reference

NATIVE = native_module()
INSTRUCTION_SETS = NATIVE.instruction_sets() if NATIVE else []


@pytest.fixture(params=INSTRUCTION_SETS)
def instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the native kernels of one instruction set."""
    before = NATIVE.instruction_set()
    NATIVE.use_instruction_set(request.param)
    yield request.param
    NATIVE.use_instruction_set(before)


@pytest.fixture(params=["reference", *INSTRUCTION_SETS])
def rasterize(request: pytest.FixtureRequest) -> Iterator[Callable]:
    """Rasterise splats in one of the ways there are."""
    if request.param == "reference":
        yield rasterize_splats_reference
        return
    before = NATIVE.instruction_set()
    NATIVE.use_instruction_set(request.param)
    yield rasterize_splats
    NATIVE.use_instruction_set(before)
