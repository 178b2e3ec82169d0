"""Models are added by path, listed, loaded by name, and what goes wrong is said."""

import pickle
from pathlib import Path

import pytest

from avatar.core.errors import ModelError, OptionError
from avatar.head.registry import forget_model, list_models, load_model, register_model
from tests.head.flame.conftest import flame_arrays
from tests.head.synthetic_head import sphere_head


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch) -> Path:
    """Give each test a list of models of its own; converted models stay cached between tests."""
    folder = tmp_path / "data"
    monkeypatch.setattr("avatar.head.registry.data_folder", lambda: folder)
    return folder


@pytest.fixture
def flame_file(tmp_path) -> Path:
    file = tmp_path / "flame2023.pkl"
    file.write_bytes(pickle.dumps(flame_arrays(sphere_head(), shapes=5), 2))
    return file


def names() -> list[str]:
    return [entry.name for entry in list_models()]


def test_only_the_built_in_model_is_there_at_first():
    (entry,) = list_models()
    assert entry.name == "anny"
    assert entry.path is None
    assert entry.licence.startswith("Apache-2.0")


def test_an_added_model_is_listed_with_its_licence_and_loads_by_name(flame_file):
    added = register_model("mine", flame_file, "flame")
    assert list_models()[1] == added
    assert added.licence.startswith("CC-BY-4.0")
    model = load_model("mine")
    assert model.name == "flame"
    assert model.identity_size == 5


def test_a_relative_path_is_found_from_anywhere(flame_file, monkeypatch, tmp_path):
    monkeypatch.chdir(flame_file.parent)
    register_model("mine", Path(flame_file.name), "flame")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_model("mine").name == "flame"


def test_adding_a_name_again_replaces_its_entry(flame_file):
    register_model("mine", flame_file, "flame")
    other = flame_file.rename(flame_file.with_name("other.pkl"))
    register_model("mine", other, "flame")
    assert names() == ["anny", "mine"]
    assert list_models()[1].path == other


def test_a_file_that_is_no_model_is_not_added(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("no model")
    for kind in ("flame", "gnm"):
        with pytest.raises(ModelError):
            register_model("mine", file, kind)
    assert names() == ["anny"]


def test_an_unknown_name_is_told_the_known_ones(flame_file):
    register_model("mine", flame_file, "flame")
    with pytest.raises(ModelError, match=r"no head model 'yours'; there are: anny, mine"):
        load_model("yours")


def test_unknown_kinds_and_the_built_in_name_are_refused(flame_file):
    with pytest.raises(OptionError, match="expected one of ict, flame, gnm"):
        register_model("mine", flame_file, "bfm")
    with pytest.raises(OptionError, match="expected one of"):
        register_model("mine", flame_file, "anny")
    with pytest.raises(OptionError, match="built-in"):
        register_model("anny", flame_file, "flame")


def test_a_model_whose_file_is_gone_says_where_it_was(flame_file):
    register_model("mine", flame_file, "flame")
    flame_file.unlink()
    assert names() == ["anny", "mine"]
    with pytest.raises(ModelError, match=r"flame2023.pkl is no longer there; put it back"):
        load_model("mine")


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", '[{"name": "mine"}]', '{"name": "mine"}', "null", "3", b"\xff\xfe\x00"],
)
def test_a_damaged_list_of_models_is_named_and_not_overwritten(flame_file, data_folder, content):
    file = data_folder / "models.json"
    file.parent.mkdir(parents=True)
    content = content if isinstance(content, bytes) else content.encode()
    file.write_bytes(content)
    for action in (list_models, lambda: register_model("mine", flame_file, "flame")):
        with pytest.raises(ModelError, match=r"models.json: the list of head models is damaged"):
            action()
    assert file.read_bytes() == content


def test_entries_of_kinds_of_a_newer_version_are_passed_over(flame_file, data_folder):
    register_model("mine", flame_file, "flame")
    file = data_folder / "models.json"
    newer = '[{"name": "new", "kind": "nerf", "licence": "MIT", "path": "/x"},'
    file.write_text(file.read_text().replace("[", newer, 1))
    assert names() == ["anny", "mine"]


def test_a_removed_model_is_gone_from_the_list_and_its_files_are_not(flame_file):
    register_model("mine", flame_file, "flame")
    assert forget_model("mine").path == flame_file
    assert names() == ["anny"]
    assert flame_file.is_file()


def test_what_was_never_added_and_the_built_in_model_cannot_be_removed(flame_file):
    register_model("mine", flame_file, "flame")
    with pytest.raises(OptionError, match="no head model 'yours' was added; added are: mine"):
        forget_model("yours")
    with pytest.raises(OptionError, match="built-in"):
        forget_model("anny")
