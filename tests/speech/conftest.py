"""Voices for tests: the default head, and sounds made on the spot."""

import numpy as np
import pytest

from avatar.core.avatar import Avatar
from avatar.create.default_head import default_head
from avatar.speech.lip_gauge import LipGauge, measure_lips

RATE = 16000


@pytest.fixture(scope="session")
def head() -> Avatar:
    return default_head()


@pytest.fixture(scope="session")
def gauge(head: Avatar) -> LipGauge:
    return measure_lips(head)


@pytest.fixture
def tone() -> np.ndarray:
    """Two seconds that rise and fall like a voice, 120 Hz with harmonics."""
    time = np.arange(2 * RATE) / RATE
    voice = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 12))
    return (0.1 * voice * (1 + np.sin(2 * np.pi * 3 * time))).astype(np.float32)
