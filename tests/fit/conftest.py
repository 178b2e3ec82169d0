"""A synthetic head and a random state of it, for tests of residuals."""

from dataclasses import replace

import pytest
import torch

from tests.fit.synthetic import ellipsoid_model, random_state


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


@pytest.fixture
def model(generator):
    return ellipsoid_model(generator, modes=6)


@pytest.fixture
def state(model, generator):
    state = random_state(model, [0.4, -0.2], generator, errors=3)
    # Away from the bounds, where a central difference would be clamped.
    photos = [replace(p, expression=p.expression * 0.8 + 0.1) for p in state.photos]
    return replace(state, photos=tuple(photos))
