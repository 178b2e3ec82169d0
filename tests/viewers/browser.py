"""The system's Chromium, driven by Playwright, on the studio's page."""

import shutil
import time
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# llvmpipe draws several times faster than Chromium's own software renderer.
FLAGS = [
    *("--no-sandbox", "--use-gl=angle", "--use-angle=gl-egl", "--ignore-gpu-blocklist"),
    *("--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE = 240.0

DELAY = "document.querySelector('.self-view:not([hidden]) .latency')?.innerText"
"""What the page says of how late the head is, while it follows a camera or a voice."""


def needs_browser(test):
    """Mark a test that drives the page in a browser."""
    return pytest.mark.slow(
        pytest.mark.skipif(CHROMIUM is None, reason="needs the system's Chromium")(test)
    )


def until(page, what: str, seconds: float = PATIENCE) -> None:
    """Wait until an expression holds in the page; its own policy forbids Playwright's way."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(f"() => Boolean({what})"):
        assert time.monotonic() < deadline, f"never: {what}; {page.inner_text('body')[:2000]}"
        time.sleep(0.1)


def choose(page, button: str, file: Path) -> None:
    """Press a button that asks for a file, and give it one."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button, exact=True).click()
    chooser.value.set_files(file)
