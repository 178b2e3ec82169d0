"""What the page looks like in its main states, compared with pictures that were looked at.

A comparison sees what is where, in which colour and how bright: fonts, hinting and a pixel here and
there are blurred away. `AVATAR_RENEW_PICTURES=1 pytest tests/viewers/page/test_pictures.py` makes
the pictures anew; look at them before you commit them.
"""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.viewers.browser import needs_browser, until

PICTURES = Path(__file__).with_name("pictures")
RENEW = bool(os.environ.get("AVATAR_RENEW_PICTURES"))
DESKTOP = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}

SMALL = 8
"""Pixels of the page for one that is compared."""

MEAN, MOST = 3.0, 35.0
"""Steps of 255 by which pictures may differ on average, and in any one place."""

RUNNING = """() => {
    studio.work.mine.add('0');
    studio.work.take({ id: '0', kind: 'reconstruct', status: 'running', title: 'Portrait',
        stage: 'fitting the shape', progress: 0.42, created: 0, error: null, warnings: [],
        avatar: null, clip: false, sound: false, file: null, bytes: 0 });
}"""
FAILED = """() => {
    studio.work.mine.add('0');
    studio.work.take({ id: '0', kind: 'reconstruct', status: 'failed', title: 'Wall',
        stage: 'failed', progress: 0.1, created: 0, error:
        'wall.jpg: no face was found; use a photo in which the face is larger and looks ahead',
        warnings: [], avatar: null, clip: false, sound: false, file: null, bytes: 0 });
}"""
FORGET = "() => { studio.work.forget('0'); studio.lightChanged(); }"
LOST = "() => { studio.connected = false; studio.lightChanged(); }"


@needs_browser
def test_main_states_look_as_they_did(studio, open_page, tmp_path, start_studio):
    page = open_page(studio.address, "Speaker", viewport=DESKTOP)
    until(page, "studio.avatars.every((head) => head.ready)")
    page.mouse.move(640, 400)
    compare(page, "splats")
    page.get_by_role("radio", name="Shaded").click()
    page.get_by_role("button", name="Head", exact=True).click()
    compare(page, "head")
    page.get_by_role("tab", name="Light").click()
    page.evaluate(RUNNING)
    compare(page, "job_running")
    page.evaluate(FORGET)
    page.get_by_role("tab", name="Pose").click()
    page.evaluate(FAILED)
    compare(page, "error")
    page.get_by_role("button", name="Dismiss").click()
    page.evaluate(FORGET)
    page.get_by_role("button", name="Export", exact=True).click()
    compare(page, "export")
    page.keyboard.press("Escape")
    page.set_viewport_size(PHONE)
    page.get_by_role("tab", name="Expression").click()
    page.get_by_role("button", name="Face", exact=True).click()
    page.evaluate("() => scrollTo(0, 0)")
    page.evaluate(LOST)
    compare(page, "phone_and_a_lost_server")


@needs_browser
def test_the_way_in_looks_as_it_did(open_page, start_studio, tmp_path):
    studio = start_studio("--port", "0", "--no-browser", path=tmp_path / "empty")
    page = open_page(studio.address, viewport=DESKTOP)
    until(page, "studio.version")
    compare(page, "empty")
    page.set_viewport_size(PHONE)
    compare(page, "empty_phone")


def compare(page, name: str) -> None:
    """Compare the page with the picture of that name, or make that anew."""
    until(page, "studio.stage.resting || !studio.shown")
    page.evaluate("() => new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)))")
    # What a machine is fast or slow by is no part of the page's look.
    page.evaluate("() => { document.querySelector('.meter').textContent = ''; }")
    shot = Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    path = PICTURES / f"{name}.webp"
    if RENEW:
        shot.save(path, quality=70)
    mean, most = difference(shot, Image.open(path).convert("RGB"))
    if mean > MEAN or most > MOST:
        shot.save(Path("/tmp") / f"studio_{name}.png")
    assert mean < MEAN, f"{name}: off by {mean:.1f} of 255; look at /tmp/studio_{name}.png"
    assert most < MOST, f"{name}: off by {most:.0f} of 255 in one place; /tmp/studio_{name}.png"


def difference(first: Image.Image, second: Image.Image) -> tuple[float, float]:
    """Return how many steps of 255 two pictures are apart: on average, and at most."""
    if first.size != second.size:
        return 255.0, 255.0
    apart = np.abs(_small(first) - _small(second))
    return float(apart.mean()), float(apart.mean(-1).max())


def _small(picture: Image.Image) -> np.ndarray:
    size = (picture.width // SMALL, picture.height // SMALL)
    blurred = picture.resize(size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1.5))
    return np.asarray(blurred, np.float32)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("head", "job_running"),
        ("head", "error"),
        ("error", "job_running"),
        ("head", "export"),
        ("empty", "head"),
        ("head", "splats"),
        ("empty_phone", "phone_and_a_lost_server"),
    ],
)
def test_states_are_told_apart(first, second):
    pictures = [Image.open(PICTURES / f"{name}.webp").convert("RGB") for name in (first, second)]
    mean, most = difference(*pictures)
    assert mean > MEAN or most > MOST


def test_another_font_is_no_difference_and_a_missing_panel_is():
    shown = Image.open(PICTURES / "head.webp").convert("RGB")
    thinner = shown.filter(ImageFilter.MedianFilter(3))
    mean, most = difference(shown, thinner)
    assert mean < MEAN
    assert most < MOST
    shown.paste((14, 15, 17), (964, 48, 1280, 720))
    mean, most = difference(shown, thinner)
    assert most > MOST
