"""From a photo to a talking head in three clicks, and out again as a .glb."""

import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.export.glb_reader import Glb
from tests.viewers.browser import PATIENCE, choose, needs_browser, until
from tests.viewers.page.media import portrait, voice_file

VALIDATOR = Path.home() / ".cache" / "avatar-export-checks" / "node"


def picture(page) -> np.ndarray:
    from io import BytesIO

    from PIL import Image

    shot = page.locator(".canvas").screenshot()
    return np.asarray(Image.open(BytesIO(shot)).convert("RGB"), np.float32)


@needs_browser
def test_from_a_photo_to_a_talking_head_and_out_again(start_studio, open_page, tmp_path):
    empty = tmp_path / "empty"
    studio = start_studio("--port", "0", "--no-browser", path=empty)
    page = open_page(studio.address)
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
    speaks(page, voice_file(tmp_path / "Hello there.wav", 1.5))
    leaves_as_glb(page, tmp_path / "out.glb")


def moves_by_hand(page) -> None:
    """Moved by hand, the picture changes; undo brings it back."""
    until(page, "studio.stage.resting")
    rested = picture(page)
    assert rested.std() > 10  # a head, not a wall
    slider = page.locator("[data-name=jawOpen]")
    slider.scroll_into_view_if_needed()
    slider.fill("0.8")
    until(page, "studio.stage.resting")
    assert np.abs(picture(page) - rested).mean() > 0.3
    page.keyboard.press("Control+z")
    until(page, "studio.stage.resting")
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
