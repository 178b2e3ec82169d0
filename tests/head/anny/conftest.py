import pytest

from avatar.head.anny.load import load_anny
from avatar.head.anny.source import AnnySource, read_source
from avatar.head.model import HeadModel


@pytest.fixture(scope="session")
def head() -> HeadModel:
    return load_anny()


@pytest.fixture(scope="session")
def source() -> AnnySource:
    return read_source()
