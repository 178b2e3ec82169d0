import os
from pathlib import Path

import pytest

from avatar.core.errors import OutputError
from avatar.files.atomic import atomic_outputs, atomic_write, check_writable, make_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_written_appears_under_its_name(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "out.bin") as file:
        file.write(b"whole")
        assert not (tmp_path / "out.bin").exists()
    assert (tmp_path / "out.bin").read_bytes() == b"whole"
    assert names(tmp_path) == ["out.bin"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    (tmp_path / "out.bin").write_bytes(b"old")

    def write_half() -> None:
        with atomic_write(tmp_path / "out.bin") as file:
            file.write(b"half")
            raise stop

    with pytest.raises(stop):
        write_half()
    assert (tmp_path / "out.bin").read_bytes() == b"old"
    assert names(tmp_path) == ["out.bin"]


def test_a_full_disk_is_an_output_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="No space left"),
        atomic_write(tmp_path / "out.bin"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing/out.bin", "no folder"),
        ("file/out.bin", "no folder|Not a directory"),
        (".", "it is a folder"),
        ("pipe", "device or pipe"),
        ("x" * 300, "name too long"),
        ("a\0b", "null"),
        ("loop", "[Ll]oop|symbolic"),
    ],
)
def test_an_impossible_path_is_an_output_error(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    before = names(tmp_path)
    with pytest.raises(OutputError, match=reason), atomic_write(tmp_path / name):
        pytest.fail("the block must not run")
    assert names(tmp_path) == before


def test_a_link_is_kept_and_its_target_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.bin").write_bytes(b"old")
    (tmp_path / "link.bin").symlink_to("real.bin")
    with atomic_write(tmp_path / "link.bin") as file:
        file.write(b"new")
    assert (tmp_path / "link.bin").is_symlink()
    assert (tmp_path / "real.bin").read_bytes() == b"new"


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    with atomic_write(tmp_path / "out.bin") as file:
        file.write(b"")
    assert (tmp_path / "out.bin").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_several_outputs_appear_together(tmp_path: Path) -> None:
    paths = (tmp_path / "a.png", tmp_path / "b.json")
    with atomic_outputs(paths) as temporary:
        for path in paths:
            assert temporary[path].suffix == path.suffix
            temporary[path].write_text(path.name)
            assert not path.exists()
    assert [path.read_text() for path in paths] == ["a.png", "b.json"]
    assert names(tmp_path) == ["a.png", "b.json"]


def test_a_failure_between_several_outputs_leaves_none_of_them(tmp_path: Path) -> None:
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text("old")

    def write_one() -> None:
        with atomic_outputs((old, new)) as temporary:
            temporary[old].write_text("replaced")
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        write_one()
    assert old.read_text() == "old"
    assert names(tmp_path) == ["old.txt"]


def test_an_output_never_written_undoes_the_others(tmp_path: Path) -> None:
    old, new, forgotten = (tmp_path / name for name in ("old.txt", "new.txt", "forgotten.txt"))
    old.write_text("old")

    def forget_one() -> None:
        with atomic_outputs((old, new, forgotten)) as temporary:
            temporary[old].write_text("replaced")
            temporary[new].write_text("new")

    with pytest.raises(OutputError, match=r"/forgotten\.txt: "):
        forget_one()
    assert old.read_text() == "old"
    assert names(tmp_path) == ["old.txt"]


def test_checking_a_path_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("old")
    check_writable(tmp_path / "there.txt")
    check_writable(tmp_path / "new.txt")
    assert names(tmp_path) == ["there.txt"]
    for path in (tmp_path, tmp_path / "missing" / "out.txt", Path("/proc/out.txt")):
        with pytest.raises(OutputError, match="cannot be written"):
            check_writable(path)


def test_a_folder_in_the_place_of_a_file_cannot_be_made(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="folder"):
            make_folder(path)
