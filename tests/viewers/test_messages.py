"""The page's types are those of the server, and only what fits them comes in."""

import json
from pathlib import Path

import pytest

from viewers.server.codec import RequestError, decode, encode
from viewers.server.messages import ExportRequest, JobRequest, ReconstructRequest, SpeakRequest
from viewers.server.typescript import made_files

SOURCES = Path(__file__).parents[2] / "viewers" / "web" / "src"
SPEAK = {
    "kind": "speak",
    "upload": "a",
    "avatar": "b",
    "text": "",
    "style": "neutral",
    "emotion": "joy",
    "intensity": 1,
}


@pytest.mark.parametrize("name", ["messages.ts", "presets.ts", "stage/tables.ts"])
def test_typescript_is_what_the_python_classes_make(name):
    assert (SOURCES / name).read_text() == made_files()[name]


def test_a_request_becomes_the_class_its_kind_names():
    request = decode(JobRequest, json.dumps(SPEAK))
    assert request == SpeakRequest(**{**SPEAK, "intensity": 1.0})
    photos = {"kind": "reconstruct", "uploads": ["x", "y"], "name": "n"}
    assert decode(JobRequest, json.dumps(photos)) == ReconstructRequest(
        kind="reconstruct", uploads=("x", "y"), name="n"
    )


def test_a_message_survives_the_way_there_and_back():
    request = ExportRequest(
        kind="export", avatar="a", format="glb", clip=None, texture_size=512, image_format="png"
    )
    assert decode(JobRequest, encode(request)) == request


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "format_disk"},
        {"kind": ["speak"]},
        {"upload": 3},
        {"upload": None},
        {"style": "mumble"},
        {"intensity": "1"},
        {"intensity": True},
        {"text": "x" * 20_001},
        {"more": 1},
    ],
)
def test_whatever_does_not_fit_is_refused(change):
    with pytest.raises(RequestError):
        decode(JobRequest, json.dumps({**SPEAK, **change}))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", "null", "{", '{"kind": NaN}', "[" * 100_000, '{"kind":"speak"}', b"\xff"],
)
def test_what_is_no_request_is_refused(text):
    with pytest.raises(RequestError):
        decode(JobRequest, text)
