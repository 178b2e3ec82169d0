"""The studio on a folder of heads, as users start it, and its page in Chromium."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.viewers.browser import CHROMIUM, FLAGS

PATIENCE = 240.0


@dataclass
class Studio:
    """`avatar view` on a folder; it can be killed and started again at the same address."""

    folder: Path
    process: subprocess.Popen[bytes]
    address: str

    @staticmethod
    def start(folder: Path, port: str = "0") -> "Studio":
        """Start it and wait until it listens."""
        command = [sys.executable, "-m", "avatar", "view", str(folder), "--port", port]
        process = subprocess.Popen([*command, "--no-browser"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        address = process.stdout.readline().decode().split()[-1]
        return Studio(folder=folder, process=process, address=address)

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self._forget()

    def again(self) -> "Studio":
        """Start another one where this one was."""
        return Studio.start(self.folder, self.address.rsplit(":", 1)[1].strip("/"))

    def end(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self._forget()

    def _forget(self) -> None:
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def opened(address: str, width: int = 1280, height: int = 720) -> Iterator[Any]:
    """Open the page in a window of that size and wait until a head is on the stage."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(address)
        wait(page, "window.studio?.shown && !studio.loading")
        yield page
        browser.close()


def wait(page: Any, what: str, seconds: float = PATIENCE) -> None:
    """Wait until an expression holds in the page."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(f"() => Boolean({what})"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"never: {what}")
        time.sleep(0.1)
