"""Heads in a folder: ids that stay, names that are safe, deletions that can be undone."""

import pytest

from avatar.core.avatar import Avatar
from tests.export.synthetic import synthetic_avatar
from viewers.server.gallery import PREPARED_FILES, Gallery
from viewers.server.names import NotThereError, clean_name


@pytest.fixture
def gallery(folder) -> Gallery:
    gallery = Gallery(folder)
    gallery.set_up()
    return gallery


def prepare(gallery: Gallery, tmp_path) -> str:
    entry = gallery.entries()[0]
    made = tmp_path / "made"
    made.mkdir()
    for name in PREPARED_FILES:
        (made / name).write_bytes(name.encode())
    gallery.keep_prepared(entry.id, made)
    return entry.id


def test_a_head_has_the_same_id_after_a_restart(gallery, folder):
    again = Gallery(folder)
    again.set_up()
    assert again.entries() == gallery.entries()
    assert [entry.name for entry in again.entries()] == ["Ada"]


def test_a_renamed_head_stays_prepared(gallery, folder, tmp_path):
    before = prepare(gallery, tmp_path)
    after = gallery.rename(before, "Countess of Lovelace")
    assert (folder / "Countess of Lovelace.avatar").is_file()
    assert gallery.prepared(after, "view.glb").read_bytes() == b"view.glb"
    with pytest.raises(NotThereError):
        gallery.path(before)


def test_a_changed_head_is_prepared_anew(gallery, folder, tmp_path):
    identity = prepare(gallery, tmp_path)
    assert gallery.entries()[0].ready
    synthetic_avatar(rows=8).save(folder / "Ada.avatar")
    assert not gallery.entries()[0].ready
    with pytest.raises(NotThereError, match="prepare"):
        gallery.prepared(identity, "view.glb")


def test_a_deleted_head_comes_back_whole(gallery, folder):
    identity = gallery.entries()[0].id
    before = (folder / "Ada.avatar").read_bytes()
    deleted = gallery.delete(identity)
    assert gallery.entries() == ()
    assert gallery.restore(deleted.undo) == identity
    assert (folder / "Ada.avatar").read_bytes() == before
    with pytest.raises(NotThereError):
        gallery.restore(deleted.undo)


def test_a_head_that_comes_back_overwrites_nobody(gallery, folder):
    deleted = gallery.delete(gallery.entries()[0].id)
    other = synthetic_avatar(rows=8)
    other.save(folder / "Ada.avatar")
    gallery.restore(deleted.undo)
    assert sorted(entry.name for entry in gallery.entries()) == ["Ada", "Ada 2"]
    assert len(Avatar.load(folder / "Ada.avatar").mesh.vertices) == len(other.mesh.vertices)


@pytest.mark.parametrize("undo", ["..", "../../heads", "", "*", "0" * 16, "/etc"])
def test_what_was_never_deleted_cannot_be_restored(gallery, undo):
    with pytest.raises(NotThereError):
        gallery.restore(undo)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "etc passwd"),
        ("  Ada   Lovelace ", "Ada Lovelace"),
        (".hidden", "hidden"),
        ("C:\\x\0y\n", "C x y"),
        ("Zoë 李", "Zoë 李"),
        ("con", "head con"),
        ("///", "head"),
        ("a" * 300, "a" * 60),
    ],
)
def test_a_name_is_never_a_path(given, kept):
    assert clean_name(given) == kept


def test_other_files_are_no_heads(gallery, folder):
    (folder / "notes.txt").write_text("x")
    (folder / ".secret.avatar").write_text("x")
    (folder / "folder.avatar").mkdir()
    assert [entry.name for entry in gallery.entries()] == ["Ada"]
