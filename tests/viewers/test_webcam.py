"""A camera, followed live: who may send pictures, and which."""

import json
import struct
import time

import pytest
from starlette.websockets import WebSocketDisconnect

from tests.viewers.conftest import EVENTS, hello

LIVE = EVENTS.replace("events", "camera")


def until_closed(live) -> tuple[list[str], int]:
    """Return all that is said on a line, and the code it is closed with."""
    said: list[str] = []
    while True:
        try:
            said.append(live.receive_text())
        except WebSocketDisconnect as end:
            return said, end.code


def frame(data: bytes, second: float = 0.0) -> bytes:
    return struct.pack("<d", second) + data


@pytest.mark.parametrize(
    "message",
    ["hello", "", b"", bytes(8), frame(b"GIF89a"), frame(b"\xff\xd8\xff" + bytes(1 << 20))],
)
def test_who_sends_no_pictures_is_shown_out(client, folder, message):
    with client.websocket_connect(LIVE) as live:
        (live.send_text if isinstance(message, str) else live.send_bytes)(message)
        _, code = until_closed(live)
    assert code == 1008
    assert hello(client)["jobs"] == []
    deadline = time.monotonic() + 20
    jobs = folder / ".avatar-studio" / "jobs"
    while list(jobs.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(jobs.iterdir()) == []


def test_damaged_pictures_are_left_out_and_leave_no_take(client):
    with client.websocket_connect(LIVE) as live:
        for second in range(3):
            live.send_bytes(frame(b"\xff\xd8\xff and nothing of a picture", float(second)))
        live.send_text("stop")
        said, _ = until_closed(live)
    assert {json.loads(text)["kind"] for text in said} <= {"ready"}
    assert hello(client)["jobs"] == []


def test_a_second_page_waits_for_the_camera(client):
    with client.websocket_connect(LIVE), client.websocket_connect(LIVE) as second:
        with pytest.raises(WebSocketDisconnect) as told:
            second.receive_text()
        assert told.value.code == 1013


def test_another_sites_page_gets_no_camera_line(client):
    headers = {"origin": "https://evil.example"}
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(LIVE, headers=headers),
    ):
        pass
