"""What goes wrong is said in one error, and leaves no file behind."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from avatar.core.avatar import Avatar
from avatar.core.errors import OptionError, OutputError
from avatar.export.glb import GlbOptions, export_glb


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"texture_size": 0}, "texture_size: expected 1 pixel or more, or None, got 0"),
        ({"texture_size": -5}, "texture_size"),
        ({"image_format": "webp"}, "image_format: expected png or jpeg, got 'webp'"),
        ({"jpeg_quality": 0}, "jpeg_quality: expected 1 to 100, got 0"),
        ({"jpeg_quality": 101}, "jpeg_quality"),
    ],
)
def test_an_option_without_sense_is_refused(options: dict[str, object], reason: str) -> None:
    # The types are checked too where beartype watches; a plain call must still be told.
    with pytest.raises((OptionError, TypeError), match=reason.partition(":")[0]):
        GlbOptions(**options)


@pytest.mark.parametrize("parts", [("nose",), ("skin", "nose"), ()])
def test_parts_that_are_not_there_are_named(
    avatar: Avatar, tmp_path: Path, parts: tuple[str, ...]
) -> None:
    with pytest.raises(OptionError, match=r"parts: .*eye_left"):
        export_glb(avatar, tmp_path / "head.glb", GlbOptions(parts=parts))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["missing/head.glb", ".", "file/head.glb", "x" * 300 + ".glb"])
def test_an_unwritable_path_is_told_before_the_work(
    avatar: Avatar, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        export_glb(avatar, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("field", ["vertices", "uvs", "morphs", "joint_positions"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_arrays_without_numbers_leave_an_older_file_alone(
    avatar: Avatar, tmp_path: Path, field: str, value: float
) -> None:
    owner = "mesh" if field in ("vertices", "uvs") else "rig"
    array = getattr(getattr(avatar, owner), field).clone()
    array.view(-1)[7] = value
    broken = replace(avatar, **{owner: replace(getattr(avatar, owner), **{field: array})})
    path = tmp_path / "head.glb"
    path.write_bytes(b"older")
    with pytest.raises(OutputError, match="not a number"):
        export_glb(broken, path)
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_triangles_without_area_get_normals_of_unit_length(avatar: Avatar, tmp_path: Path) -> None:
    from tests.export.glb_reader import Glb

    flat = replace(avatar.mesh, vertices=torch.zeros_like(avatar.mesh.vertices))
    export_glb(replace(avatar, mesh=flat), tmp_path / "head.glb")
    lengths = torch.from_numpy(Glb(tmp_path / "head.glb").attribute("skin", "NORMAL")).norm(dim=1)
    assert torch.allclose(lengths, torch.ones_like(lengths))


def test_avatars_in_double_precision_export(avatar: Avatar, tmp_path: Path) -> None:
    double = replace(
        avatar,
        mesh=replace(avatar.mesh, vertices=avatar.mesh.vertices.double()),
        rig=replace(avatar.rig, morphs=avatar.rig.morphs.double()),
    )
    export_glb(double, tmp_path / "double.glb")
    export_glb(avatar, tmp_path / "single.glb")
    assert (tmp_path / "double.glb").read_bytes() == (tmp_path / "single.glb").read_bytes()
