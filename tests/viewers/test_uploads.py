"""Files come in by what they are and how long they are, not by what they call themselves."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.viewers.conftest import client_of
from viewers.server.media_types import suffix_of
from viewers.server.settings import StudioLimits

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
STARTS = {
    ("photo", ".jpg"): b"\xff\xd8\xff\xe0",
    ("photo", ".png"): PNG,
    ("photo", ".webp"): b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    ("photo", ".heic"): b"\x00\x00\x00\x18ftypheic",
    ("photo", ".avif"): b"\x00\x00\x00\x18ftypavif",
    ("sound", ".wav"): b"RIFF\x00\x00\x00\x00WAVEfmt ",
    ("sound", ".flac"): b"fLaC",
    ("sound", ".mp3"): b"ID3\x04",
    ("sound", ".ogg"): b"OggS",
    ("sound", ".mp4"): b"\x00\x00\x00\x18ftypM4A ",
    ("video", ".mp4"): b"\x00\x00\x00\x18ftypisom",
    ("video", ".webm"): b"\x1aE\xdf\xa3",
    ("avatar", ".avatar"): b"PK\x03\x04",
    ("clip", ".csv"): b"Timecode,BlendshapeCount",
    ("clip", ".npz"): b"PK\x03\x04",
}


def uploads(folder) -> list[str]:
    return [path.name for path in (folder / ".avatar-studio" / "uploads").iterdir()]


@pytest.mark.parametrize(("kind", "suffix"), STARTS)
def test_a_file_is_told_by_its_first_bytes(kind, suffix):
    assert suffix_of(kind, STARTS[kind, suffix]) == suffix


@pytest.mark.parametrize("kind", ["photo", "sound", "video", "avatar", "clip"])
@pytest.mark.parametrize("data", [b"", b"MZ\x90\x00", b"\x7fELF\x02\x00", b"\x00" * 64])
def test_what_is_of_no_known_kind_is_refused_and_gone(client, folder, kind, data):
    answer = client.post(f"/api/uploads/{kind}", content=data, headers={"x-file-name": "x.png"})
    assert answer.status_code == 415
    assert "expected one of" in answer.json()["error"]
    assert uploads(folder) == []


def test_a_file_that_states_too_many_bytes_is_refused_at_once(client, folder):
    size = {"content-length": str(500 << 20)}
    answer = client.post("/api/uploads/video", content=b"\x1aE\xdf\xa3", headers=size)
    assert answer.status_code == 413
    assert answer.json()["error"] == (
        "video: expected at most 384 MB, got 524 MB; make it shorter or smaller"
    )
    assert uploads(folder) == []


def test_a_file_that_does_not_state_its_length_is_counted(settings, folder):
    def endless() -> Iterator[bytes]:
        yield PNG
        while True:
            yield bytes(1 << 16)

    limits = StudioLimits(uploads={**StudioLimits().uploads, "photo": 1 << 20})
    with client_of(replace(settings, limits=limits)) as client:
        answer = client.post("/api/uploads/photo", content=counted(endless(), 40))
    assert answer.status_code == 413
    assert uploads(folder) == []


def counted(chunks: Iterator[bytes], most: int) -> Iterator[bytes]:
    for _, chunk in zip(range(most), chunks, strict=False):
        yield chunk


def test_a_files_name_is_never_a_path(client, folder):
    name = {"x-file-name": "..%2F..%2F..%2Fetc%2Fcron.d%2Fevil.png"}
    answer = client.post("/api/uploads/photo", content=PNG, headers=name)
    assert answer.json()["name"] == "evil"
    assert uploads(folder) == [f"{answer.json()['id']}.png"]


def test_a_kind_that_does_not_exist_is_refused(client):
    assert client.post("/api/uploads/script", content=b"x").status_code == 404


def test_waiting_files_are_limited(settings):
    with client_of(replace(settings, limits=StudioLimits(pending_uploads=2))) as client:
        answers = [client.post("/api/uploads/photo", content=PNG).status_code for _ in range(3)]
    assert answers == [200, 200, 415]


def test_an_upload_is_used_once_and_for_its_own_kind(client):
    identity = client.post("/api/uploads/photo", content=PNG).json()["id"]
    speak = {
        "kind": "speak",
        "upload": identity,
        "avatar": "0" * 16,
        "text": "",
        "style": "neutral",
        "emotion": "none",
        "intensity": 1.0,
    }
    assert client.post("/api/jobs", json=speak).status_code == 404
    add = {"kind": "add", "upload": identity, "name": "x"}
    assert client.post("/api/jobs", json=add).status_code == 404
