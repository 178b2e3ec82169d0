"""`docs/avatar_file.md`: the program in it reads and drives an avatar as this package does."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.avatar import Avatar
from avatar.core.pose_splats import SplatRig, pose_splats
from avatar.core.splats import SplatRelighting
from avatar.core.transform import Transform, rotation_from_euler
from tests.core.a_few_splats import a_few_splats
from tests.export.synthetic import synthetic_avatar

DOCUMENT = Path(__file__).parents[2] / "docs" / "avatar_file.md"


@pytest.fixture(scope="module")
def program() -> SimpleNamespace:
    """What the page's Python defines."""
    if not DOCUMENT.is_file():
        pytest.skip(f"needs {DOCUMENT}")
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL):
        exec(compile(block, str(DOCUMENT), "exec"), names)
    return SimpleNamespace(**names)


def generator(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def trained() -> Avatar:
    """A head with splats that can be relit."""
    head = synthetic_avatar()
    splats = a_few_splats(head)
    count = len(splats)
    relighting = SplatRelighting(
        normals=torch.nn.functional.normalize(torch.randn(count, 3, generator=generator()), dim=1),
        filmed_light=torch.rand(count, 3, generator=generator()) + 0.2,
        openness=torch.rand(count, generator=generator()),
        roughnesses=torch.rand(count, generator=generator()),
        environment=torch.cat([torch.ones(1, 3), 0.3 * torch.randn(8, 3, generator=generator())]),
    )
    return replace(head, splats=replace(splats, relighting=relighting))


def some_weights() -> torch.Tensor:
    return torch.rand(len(ARKIT_NAMES), generator=generator(5)) * 0.5


def turn(pitch: float, yaw: float, roll: float) -> torch.Tensor:
    return rotation_from_euler(torch.tensor(pitch), torch.tensor(yaw), torch.tensor(roll))


def test_the_page_poses_the_mesh(program, trained: Avatar, tmp_path: Path):
    trained.save(tmp_path / "head.avatar")
    manifest, mesh, _ = program.read(tmp_path / "head.avatar")
    rotations = torch.stack(
        [turn(0.1 * j, -0.2 + 0.05 * j, 0.03) for j in range(len(trained.rig.joint_names))]
    )
    ours = trained.pose(some_weights(), rotations).numpy()
    theirs = program.pose(manifest, mesh, some_weights().numpy(), rotations.numpy())
    assert np.abs(ours - theirs).max() < 1e-6


def test_the_page_drives_the_splats(program, trained: Avatar, tmp_path: Path):
    trained.save(tmp_path / "head.avatar")
    kept = Avatar.load(tmp_path / "head.avatar")
    _, mesh, splats = program.read(tmp_path / "head.avatar")
    assert kept.splats is not None
    pose = Transform(rotation=turn(0.2, -0.4, 0.1), translation=torch.tensor([0.02, -0.01, 0.03]))
    rig = SplatRig.build(kept, kept.splats.corners, kept.splats.barycentrics)
    ours = pose_splats(kept.splats, rig, some_weights(), pose)
    means, rotations, scales, colors, opacities = program.drive(
        mesh, splats, some_weights().numpy(), pose.rotation.numpy(), pose.translation.numpy()
    )
    assert np.abs(ours.means.numpy() - means).max() < 1e-6
    assert np.abs(ours.scales.numpy() - scales).max() < 1e-6
    assert np.abs(ours.colors.numpy() - colors).max() < 1e-4
    assert np.array_equal(ours.opacities.numpy(), opacities)
    unit = torch.nn.functional.normalize(ours.rotations, dim=1).numpy()
    theirs = rotations / np.linalg.norm(rotations, axis=1, keepdims=True)
    assert np.abs((unit * theirs).sum(1)).min() > 1 - 1e-6


def test_the_page_names_every_array(trained: Avatar, program, tmp_path: Path):
    trained.save(tmp_path / "head.avatar")
    _, mesh, splats = program.read(tmp_path / "head.avatar")
    text = DOCUMENT.read_text()
    for name in (*mesh, *splats):
        told = re.sub(r"parts[.]\d+", "parts.N", name)
        assert f"`{told}`" in text, name
