"""`avatar edit` as a user runs it."""

from pathlib import Path

import pytest

from avatar.cli import main
from avatar.core.avatar import Avatar
from tests.export.synthetic import synthetic_avatar


@pytest.fixture
def head(tmp_path: Path) -> Path:
    synthetic_avatar().save(tmp_path / "head.avatar")
    return tmp_path / "head.avatar"


def test_a_darker_head_is_written_in_both_formats(head: Path, tmp_path: Path, capsys):
    outputs = [tmp_path / "dark.avatar", tmp_path / "dark.glb"]
    assert main(["edit", str(head), "--tone", "+0.4", "-o", *map(str, outputs)]) == 0
    assert str(outputs[1]) in capsys.readouterr().out
    assert outputs[1].stat().st_size > 1000
    assert Avatar.load(outputs[0]).mesh.vertices.shape == Avatar.load(head).mesh.vertices.shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--age", "300"], "-65 to 65"),
        (["--weight", "nan"], "weight"),
        (["--age", "20"], "--model anny"),
        (["--tone", "0.1", "-o", "dark.obj"], ".avatar"),
    ],
)
def test_bad_wishes_are_told_and_leave_nothing(
    head: Path, tmp_path: Path, arguments, message, capsys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["edit", "head.avatar", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [head]
