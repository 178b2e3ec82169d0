from pathlib import Path

import pytest
import torch

from avatar.files.cache import TensorRecord, cache_folder, cached_record, fingerprint


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("AVATAR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Builder:
    """Builds a record, counting how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> TensorRecord:
        self.times += 1
        return TensorRecord(tensors={"a": torch.arange(6.0).reshape(2, 3).T}, texts={"b": "ä"})


def test_a_record_is_built_once():
    build = Builder()
    first, second = (cached_record("x", "1", build) for _ in range(2))
    assert build.times == 1
    for record in (first, second):
        assert torch.equal(record.tensors["a"], torch.arange(6.0).reshape(2, 3).T)
        assert record.texts["b"] == "ä"


def test_another_version_is_built_anew():
    build = Builder()
    cached_record("x", "1", build)
    cached_record("x", "2", build)
    assert build.times == 2


def test_a_damaged_file_is_built_anew(folder):
    build = Builder()
    cached_record("x", "1", build)
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:30])
    cached_record("x", "1", build)
    cached_record("x", "1", build)
    assert build.times == 2


def test_a_cache_that_cannot_be_written_is_done_without(folder):
    folder.write_text("a file where the folder should be")
    build = Builder()
    assert torch.equal(cached_record("x", "1", build).tensors["a"], build().tensors["a"])


def test_the_cache_lies_in_the_users_folder_unless_told_otherwise(monkeypatch, folder):
    assert cache_folder() == folder
    monkeypatch.delenv("AVATAR_CACHE")
    assert cache_folder().name == "avatar"


def test_a_fingerprint_changes_with_every_part(tmp_path):
    (tmp_path / "file").write_bytes(b"ab")
    parts = ["ab", "c", tmp_path / "file"]
    assert fingerprint(parts) == fingerprint(parts)
    assert fingerprint(["ab"]) == fingerprint([tmp_path / "file"])
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])
    (tmp_path / "file").write_bytes(b"abc")
    assert fingerprint(["ab"]) != fingerprint([tmp_path / "file"])
