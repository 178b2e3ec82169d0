"""Fixtures that several ops' tests share."""

from collections.abc import Iterator

import pytest

from avatar.ops.rasterize_splats import rasterize_splats, rasterize_splats_reference
from tests.ops.ways import INSTRUCTION_SETS, computed_by, each_way

rasterize = each_way(rasterize_splats_reference, rasterize_splats)


@pytest.fixture(params=INSTRUCTION_SETS)
def instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the native kernels of one instruction set."""
    with computed_by(request.param):
        yield request.param
