"""What every test shares: real inputs, the user's cache left alone, two threads at most."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]

# Helpers under `tests` are imported as `tests.…`. Last, so that the installed package is the one
# tested: the source tree beside it has no native module.
sys.path.append(str(ROOT))


@pytest.fixture(scope="session")
def inputs() -> Path:
    """Return the folder of real photos, scans and models, which is not part of the repository."""
    folder = ROOT.parent / "shared" / "inputs"
    if not folder.is_dir():
        pytest.skip(f"needs the real inputs in {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _few_threads() -> None:
    torch.set_num_threads(min(2, torch.get_num_threads()))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests' cache apart from the user's; one for the session, so heads build once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVATAR_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
