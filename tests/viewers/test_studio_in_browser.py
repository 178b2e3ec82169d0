"""The studio in a real browser: from a photo to a talking head and out again as a .glb."""

import shutil
import signal
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.export.glb_reader import Glb
from tests.viewers.browser import PATIENCE, needs_browser, until

VALIDATOR = Path.home() / ".cache" / "avatar-export-checks" / "node"


def choose(page, button: str, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button, exact=True).click()
    chooser.value.set_files(file)


def portrait() -> Path:
    skimage_data = pytest.importorskip("skimage.data")
    return Path(skimage_data.__file__).parent / "astronaut.png"


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """A second and a half of something like two vowels with a pause between them."""
    rate = 16000
    seconds = np.arange(rate * 3 // 2) / rate
    tone = sum(np.sin(2 * np.pi * 120 * k * seconds) / k for k in range(1, 12)) / 4
    tone *= (seconds % 0.8) < 0.6
    path = tmp_path / "Hello there.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((tone * 20000).astype("<i2").tobytes())
    return path


def picture(page) -> np.ndarray:
    from io import BytesIO

    from PIL import Image

    shot = page.locator(".canvas").screenshot()
    return np.asarray(Image.open(BytesIO(shot)).convert("RGB"), np.float32)


@needs_browser
def test_from_a_photo_to_a_talking_head_and_out_again(start_studio, open_page, voice, tmp_path):
    empty = tmp_path / "empty"
    studio = start_studio("--port", "0", "--no-browser", path=empty)
    page = open_page(studio.address)
    until(page, "studio.connected")
    assert page.get_by_role("heading", name="Drop a photo of a face").is_visible()
    choose(page, "Choose photos", portrait())
    until(page, "studio.work.active.length && studio.work.active[0].status === 'running'")
    # Killed in the middle of it, the studio takes the job up again, and the page comes back.
    studio.end(signal.SIGKILL)
    until(page, "!studio.connected", 20)
    port = studio.address.rsplit(":", 1)[1].strip("/")
    start_studio("--port", port, "--no-browser", path=empty)
    until(page, "studio.connected", 30)
    until(page, "studio.shown")
    assert page.evaluate("() => studio.shown.name") == "astronaut"
    moves_by_hand(page)
    speaks(page, voice)
    leaves_as_glb(page, tmp_path / "out.glb")


def moves_by_hand(page) -> None:
    """Moved by hand, the picture changes; undo brings it back."""
    page.wait_for_timeout(1500)
    rested = picture(page)
    assert rested.std() > 10  # a head, not a wall
    slider = page.locator("[data-name=jawOpen]")
    slider.scroll_into_view_if_needed()
    slider.fill("0.8")
    page.wait_for_timeout(1500)
    assert np.abs(picture(page) - rested).mean() > 0.3
    page.keyboard.press("Control+z")
    page.wait_for_timeout(1500)
    assert np.abs(picture(page) - rested).mean() < 0.1


def speaks(page, voice: Path) -> None:
    """A voice makes it speak, at once."""
    choose(page, "Choose a voice", voice)
    until(page, "studio.player.playing")
    assert page.evaluate("() => studio.player.duration") == pytest.approx(1.5, abs=0.1)
    assert page.evaluate("() => studio.player.hasSound")
    until(page, "Math.max(...studio.face.weights) > 0.1", 30)
    page.evaluate("() => studio.player.pause()")


def leaves_as_glb(page, out: Path) -> None:
    page.get_by_role("button", name="Export", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Textures").select_option("512")
    with page.expect_download(timeout=PATIENCE * 1000) as download:
        dialog.get_by_role("button", name="Export", exact=True).click()
    download.value.save_as(out)
    assert download.value.suggested_filename == "astronaut.glb"
    glb = Glb(out)
    assert {"skin", "eye_left", "tongue"} <= {mesh["name"] for mesh in glb.json["meshes"]}
    assert len(glb.json["animations"]) == 1
    validate(out)


def validate(path: Path) -> None:
    """Ask Khronos' validator, where `tests/export/check_exports.sh` has installed it."""
    if shutil.which("node") and (VALIDATOR / "validate.mjs").is_file():
        subprocess.run(["node", VALIDATOR / "validate.mjs", path], check=True)


@needs_browser
def test_two_pages_see_the_same_gallery(start_studio, open_page):
    studio = start_studio("--port", "0", "--no-browser")
    first, second = open_page(studio.address), open_page(studio.address)
    for page in (first, second):
        until(page, "studio.shown")
    first.evaluate("() => studio.rename(studio.shown, 'Countess')")
    until(second, "studio.shown && studio.shown.name === 'Countess'", 20)
    second.evaluate("() => studio.delete(studio.shown)")
    for page in (first, second):
        until(page, "studio.shown === null && studio.avatars.length === 0", 20)
    assert first.get_by_role("heading", name="Drop a photo of a face").is_visible()
    second.get_by_role("button", name="Undo", exact=True).click()
    for page in (first, second):
        until(page, "studio.avatars.length === 1", 20)
    # Every part can be reached and told by keyboard and screen reader.
    nameless = second.evaluate(
        "() => [...document.querySelectorAll('button, input, select, textarea, a[href]')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.innerText || e.labels?.length"
        " || e.getAttribute('placeholder'))).map(e => e.outerHTML)"
    )
    assert nameless == []


@needs_browser
def test_half_a_gigabyte_is_refused_politely(start_studio, open_page, tmp_path):
    studio = start_studio("--port", "0", "--no-browser")
    page = open_page(studio.address)
    until(page, "studio.shown")
    large = tmp_path / "holiday.mp4"
    with large.open("wb") as file:
        file.truncate(500 << 20)
    choose(page, "Follow a video", large)
    page.get_by_role("button", name="Let Ada do the same").click()
    until(page, "document.querySelector('.toast.error')", 30)
    said = page.locator(".toast.error").inner_text()
    assert "524 MB" in said
    assert "384 MB at most" in said
    assert page.evaluate("() => studio.work.active.length") == 0


@needs_browser
def test_another_sites_page_gets_nothing(start_studio, browser, tmp_path):
    studio = start_studio("--port", "0", "--no-browser")
    context = browser.new_context()
    page = context.new_page()
    page.goto("data:text/html,<title>evil</title>")
    heard = page.evaluate(
        """async (address) => {
            const host = new URL(address).host;
            const socket = await new Promise((resolve) => {
                const line = new WebSocket(`ws://${host}/api/events`);
                line.onmessage = () => resolve('heard');
                line.onclose = () => resolve('closed');
            });
            const read = await fetch(address + 'api/avatars')
                .then((a) => a.text(), () => 'refused');
            const job = await fetch(address + 'api/jobs', {
                method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' },
                body: '{"kind":"reconstruct","uploads":[],"name":"x"}',
            }).then((a) => a.type, () => 'refused');
            return [socket, read, job];
        }""",
        studio.address,
    )
    context.close()
    # `opaque`: the browser sent it and shows nothing of the answer, which is a refusal.
    assert heard[:2] == ["closed", "refused"]
    jobs = tmp_path / "heads" / ".avatar-studio" / "jobs"
    assert list(jobs.iterdir()) == []
