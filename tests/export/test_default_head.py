from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.avatar import Avatar
from avatar.export.glb import export_glb
from tests.export.glb_reader import Glb
from tests.export.test_glb import assert_agrees, random_rotations
from tests.export.write_states import default_head

SIDEWAYS = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")


@pytest.fixture(scope="module")
def head() -> Avatar:
    return default_head()


@pytest.fixture(scope="module")
def file(head: Avatar, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("default") / "head.glb"
    export_glb(head, path)
    return path


def test_the_default_head_survives_export(head: Avatar, file: Path) -> None:
    glb = Glb(file)
    weights = torch.rand(52, generator=torch.Generator().manual_seed(4))
    assert_agrees(head, glb, torch.zeros(52))
    assert_agrees(head, glb, weights, random_rotations(head))


def test_the_default_head_fits_in_forty_megabytes(file: Path) -> None:
    assert file.stat().st_size < 40e6


@pytest.mark.parametrize("name", [n for n in ARKIT_NAMES if n.endswith(("Left", "Right"))])
def test_left_and_right_are_the_subjects_own(file: Path, name: str) -> None:
    glb = Glb(file)
    side = 1 if name.endswith("Left") else -1
    weights = np.eye(52)[ARKIT_NAMES.index(name)]
    rest, moved = glb.attribute("skin", "POSITION"), glb.morphed("skin", weights)
    amount = np.linalg.norm(moved - rest, axis=1)
    assert amount.max() > 1e-4
    if name in SIDEWAYS:
        assert side * (moved - rest)[:, 0].sum() > 0
    else:
        assert side * (amount * rest[:, 0]).sum() / amount.sum() > 0.005
