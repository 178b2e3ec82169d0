"""A camera, followed live: in a real browser with a picture for a camera, and against intruders."""

import json
import struct
import time
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from starlette.websockets import WebSocketDisconnect

from tests.viewers.browser import CHROMIUM, DELAY, FLAGS, needs_browser, until
from tests.viewers.conftest import EVENTS, hello

LIVE = EVENTS.replace("events", "camera")


def jpeg(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


def portrait() -> Image.Image:
    skimage_data = pytest.importorskip("skimage.data")
    photo = Image.open(Path(skimage_data.__file__).parent / "astronaut.png").convert("RGB")
    return photo.crop((40, 0, 440, 300)).resize((640, 480))


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


@needs_browser
def test_the_head_does_what_the_camera_sees_and_the_take_is_kept(start_studio, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    film = tmp_path / "camera.mjpeg"
    film.write_bytes(jpeg(portrait()) * 30)
    flags = [
        *FLAGS,
        *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
        f"--use-file-for-fake-video-capture={film}",
    ]
    studio = start_studio("--port", "0", "--no-browser")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(studio.address)
        until(page, "studio.shown")
        page.get_by_role("button", name="Webcam").click()
        # She smiles, and looks into the camera.
        until(page, "studio.face.weights.some((weight) => weight > 0.3)")
        until(
            page,
            f"/^\\d+ ms$/.test({DELAY})",
            30,
        )
        smile = page.evaluate("() => Math.max(studio.face.weights[23], studio.face.weights[24])")
        assert smile > 0.2
        page.wait_for_timeout(2000)
        page.get_by_role("button", name="Stop").click()
        until(page, "studio.work.all.some((job) => job.title === 'Webcam take')", 60)
        page.get_by_role("button", name="Play", exact=True).first.click()
        until(page, "studio.player.playing", 30)
        assert page.evaluate("() => studio.player.duration") > 0.5
        browser.close()
