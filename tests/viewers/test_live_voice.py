"""A microphone, spoken along with live, by samples on the line."""

import json
from pathlib import Path

import numpy as np
import pytest
from starlette.websockets import WebSocketDisconnect

from avatar.core.arkit import ARKIT_INDEX
from avatar.create.default_head import default_head
from tests.viewers.conftest import EVENTS, hello
from tests.viewers.test_webcam import until_closed

RATE = 48000
VOICE = EVENTS.replace("events", "voice")


@pytest.fixture
def speaker(folder: Path) -> None:
    """A head with lips in the gallery."""
    default_head().save(folder / "Speaker.avatar")


def line(client, name: str = "Speaker", rate: object = RATE) -> str:
    known = {entry["name"]: entry["id"] for entry in hello(client)["avatars"]}
    return f"{VOICE}?avatar={known.get(name, name)}&rate={rate}"


def murmur(seconds: float) -> np.ndarray:
    """What rises and falls like a voice, as a page sends it."""
    time = np.arange(int(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 12))
    return (3000 * voice * (1 + np.sin(2 * np.pi * 3 * time))).astype("<i2")


def test_faces_come_back_and_the_take_is_kept_with_its_sound(client, speaker):
    sent = murmur(2.0)
    with client.websocket_connect(line(client)) as live:
        ready = live.receive_json()
        for piece in np.split(sent, range(1024, len(sent), 1024)):
            live.send_bytes(piece.tobytes())
        live.send_text("stop")
        said, _ = until_closed(live)
    told = [json.loads(text) for text in said]
    faces = [message for message in told if message["kind"] == "face"]
    assert ready["kind"] == "ready"
    assert ready["delay"] == pytest.approx(0.16)
    assert [face["time"] for face in faces] == pytest.approx(np.arange(len(faces)) / 60, abs=1e-4)
    assert faces[-1]["time"] == pytest.approx(2.0, abs=0.35)
    assert max(face["weights"][ARKIT_INDEX["jawOpen"]] for face in faces) > 0.05
    assert told[-1]["kind"] == "taken"
    (job,) = hello(client)["jobs"]
    assert (job["id"], job["title"], job["clip"], job["sound"]) == (
        told[-1]["job"], "Voice take", True, True,
    )  # fmt: skip
    clip = client.get(f"/api/jobs/{job['id']}/clip").json()
    assert clip["frames"] == len(faces)
    sound = client.get(f"/api/jobs/{job['id']}/sound").content
    heard = np.frombuffer(sound[44:], "<i2")
    assert np.abs(heard.astype(float) - sent[: len(heard)]).max() <= 1
    assert len(heard) == len(sent)


@pytest.mark.parametrize("message", ["hello", b"", b"odd", bytes((1 << 16) + 2)])
def test_who_sends_no_samples_is_shown_out(client, speaker, message):
    with client.websocket_connect(line(client)) as live:
        (live.send_text if isinstance(message, str) else live.send_bytes)(message)
        _, code = until_closed(live)
    assert code == 1008
    assert hello(client)["jobs"] == []


@pytest.mark.parametrize(
    ("name", "rate"),
    [("../Speaker", RATE), ("", RATE), ("Speaker", 0), ("Speaker", 10**9), ("Speaker", "x")],
)
def test_no_such_head_or_rate_opens_no_line(client, speaker, name, rate):
    with (
        pytest.raises(WebSocketDisconnect) as told,
        client.websocket_connect(line(client, name, rate)),
    ):
        pass
    assert told.value.code == 1008


def test_a_take_without_a_sound_is_no_take(client, speaker):
    with client.websocket_connect(line(client)) as live:
        assert live.receive_json()["kind"] == "ready"
        live.send_text("stop")
        said, _ = until_closed(live)
    assert "0 samples" in json.loads(said[-1])["error"]
    assert hello(client)["jobs"] == []
