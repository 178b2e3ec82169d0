"""`avatar relight` as a user runs it."""

from pathlib import Path

import numpy as np
import pytest

from avatar.cli import main
from tests.export.synthetic import synthetic_avatar


@pytest.fixture
def head(tmp_path: Path) -> Path:
    synthetic_avatar().save(tmp_path / "head.avatar")
    return tmp_path / "head.avatar"


def panorama(path: Path) -> Path:
    """A small Radiance picture, all of one brightness, rows plain."""
    rgbe = np.full((8, 4, 4), 128, np.uint8)
    path.write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 4\n" + rgbe.tobytes())
    return path


def test_a_film_is_written(head: Path, tmp_path: Path, capsys):
    av = pytest.importorskip("av")
    film = tmp_path / "turn.mp4"
    hdr = panorama(tmp_path / "room.hdr")
    few = ["--size", "64", "--fps", "10", "--seconds", "0.5"]
    assert main(["relight", str(head), "--hdr", str(hdr), "-o", str(film), *few]) == 0
    assert str(film) in capsys.readouterr().out
    with av.open(str(film)) as opened:
        assert sum(1 for _ in opened.decode(video=0)) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hdr", "missing.hdr"], "no such file"),
        (["--hdr", "head.avatar"], ".hdr"),
        (["--light", "dark"], "lamp"),
        (["-o", "turn.png"], "turn.png"),
        (["--seconds", "-1"], "seconds"),
    ],
)
def test_bad_wishes_are_told_and_leave_nothing(
    head: Path, tmp_path: Path, arguments, message, capsys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["relight", "head.avatar", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [head]


def test_a_damaged_panorama_is_told(head: Path, tmp_path: Path, capsys):
    hdr = tmp_path / "room.hdr"
    hdr.write_bytes(b"#?RADIANCE\n\n-Y 8 +X 4\n123")
    assert main(["relight", str(head), "--hdr", str(hdr), "-o", str(tmp_path / "t.mp4")]) == 2
    assert "room.hdr" in capsys.readouterr().err
    assert not (tmp_path / "t.mp4").exists()
