from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar.core.avatar import Avatar
from avatar.core.errors import OptionError, OutputError
from avatar.export.obj import export_obj


def rows(text: str, key: str) -> list[list[str]]:
    return [line.split()[1:] for line in text.splitlines() if line.split()[0] == key]


def test_vertices_and_texture_coordinates_come_back_in_order(
    avatar: Avatar, tmp_path: Path
) -> None:
    export_obj(avatar, tmp_path / "head.obj")
    text = (tmp_path / "head.obj").read_text()
    vertices = np.array(rows(text, "v"), float)
    assert np.abs(vertices - avatar.mesh.vertices.numpy()).max() < 1e-7
    uvs = np.array(rows(text, "vt"), float)
    assert np.abs(uvs - avatar.mesh.uvs.numpy() * [1, -1] - [0, 1]).max() < 1e-6
    corners = np.array([[c.split("/") for c in row] for row in rows(text, "f")], int) - 1
    assert np.array_equal(corners[..., 0], avatar.mesh.faces.numpy())
    assert np.array_equal(corners[..., 1], avatar.mesh.uv_faces.numpy())
    assert [name for (name,) in rows(text, "o")] == [part.name for part in avatar.mesh.parts]


def test_every_file_named_is_there(avatar: Avatar, tmp_path: Path) -> None:
    written = export_obj(avatar, tmp_path / "head.obj")
    assert sorted(written) == sorted(tmp_path.iterdir())
    (library,) = rows((tmp_path / "head.obj").read_text(), "mtllib")
    text = (tmp_path / library[0]).read_text()
    used = {name for (name,) in rows((tmp_path / "head.obj").read_text(), "usemtl")}
    assert used == {name for (name,) in rows(text, "newmtl")}
    named = [row[-1] for key in ("map_Kd", "map_d", "norm") for row in rows(text, key)]
    assert len(named) == 5
    for name in named:
        Image.open(tmp_path / name).load()


def test_another_suffix_or_folder_is_refused_and_leaves_nothing(
    avatar: Avatar, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=r"ending in \.obj"):
        export_obj(avatar, tmp_path / "head.glb")
    with pytest.raises(OutputError):
        export_obj(avatar, tmp_path / "missing" / "head.obj")
    (tmp_path / "head.mtl").mkdir()
    with pytest.raises(OutputError, match=r"head\.mtl"):
        export_obj(avatar, tmp_path / "head.obj")
    assert [path.name for path in tmp_path.iterdir()] == ["head.mtl"]
