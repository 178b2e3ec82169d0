from collections.abc import Callable
from pathlib import Path

import pytest

from avatar.core.avatar import Avatar
from avatar.export.exercise_clip import exercise_clip
from avatar.export.glb import GlbOptions, export_glb
from tests.export.glb_reader import Glb
from tests.export.synthetic import synthetic_avatar


@pytest.fixture(scope="session")
def avatar() -> Avatar:
    return synthetic_avatar()


@pytest.fixture(scope="session")
def glb(avatar: Avatar, tmp_path_factory: pytest.TempPathFactory) -> Glb:
    path = tmp_path_factory.mktemp("glb") / "head.glb"
    export_glb(avatar, path, GlbOptions(clip=exercise_clip(avatar.rig)))
    return Glb(path)


@pytest.fixture
def exported(avatar: Avatar, tmp_path: Path) -> Callable[..., Glb]:
    """Return what exports the avatar with the options given and reads the file back."""

    def export(**options: object) -> Glb:
        path = tmp_path / "head.glb"
        export_glb(avatar, path, GlbOptions(**options))
        return Glb(path)

    return export
