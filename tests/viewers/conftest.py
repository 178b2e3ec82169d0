"""A folder with one small head, and the studio on it: inside this process, or as its own."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.export.synthetic import synthetic_avatar
from tests.viewers.browser import CHROMIUM, FLAGS
from viewers.server.app import studio_app
from viewers.server.settings import StudioSettings

ADDRESS = "http://127.0.0.1:8765"
EVENTS = "ws://127.0.0.1:8765/api/events"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    heads = tmp_path / "heads"
    heads.mkdir()
    synthetic_avatar().save(heads / "Ada.avatar")
    return heads


@pytest.fixture
def settings(folder: Path) -> StudioSettings:
    return StudioSettings(folder=folder, hosts=("127.0.0.1:8765", "localhost:8765"))


def client_of(settings: StudioSettings) -> TestClient:
    """Return a client that behaves as the studio's own page does."""
    return TestClient(studio_app(settings), ADDRESS, headers={"origin": ADDRESS})


@pytest.fixture
def client(settings: StudioSettings) -> Iterator[TestClient]:
    with client_of(settings) as client:
        yield client


def hello(client: TestClient) -> dict:
    with client.websocket_connect(EVENTS) as events:
        return events.receive_json()


def ended(client: TestClient, start: Callable[[], dict], seconds: float = 60) -> dict:
    """Start a job and return its last state before it was removed, or the state it ended in."""
    deadline = time.monotonic() + seconds
    with client.websocket_connect(EVENTS) as events:
        assert events.receive_json()["type"] == "hello"
        job = start()
        while time.monotonic() < deadline:
            event = events.receive_json()
            told = event.get("job", {})
            if told.get("id") == job["id"] and told["status"] not in ("waiting", "running"):
                return told
    raise AssertionError(f"{job} did not end in {seconds} s")


def started(client: TestClient, request: dict) -> dict:
    answer = client.post("/api/jobs", json=request)
    assert answer.status_code == 202, answer.text
    return answer.json()


@dataclass
class StudioProcess:
    """`avatar view` as a user starts it."""

    process: subprocess.Popen
    said: str
    address: str

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def start_studio(folder: Path, tmp_path: Path) -> Iterator[Callable[..., StudioProcess]]:
    running: list[StudioProcess] = []

    def start(*arguments: str, path: Path = folder) -> StudioProcess:
        command = [sys.executable, "-m", "avatar", "view", str(path), *arguments]
        environment = {
            k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")
        }
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path, env=environment
        )
        said = said_within(process, 40)
        found = re.search(r"https?://\S+", said)
        assert found, said
        studio = StudioProcess(process, said, found.group())
        running.append(studio)
        return studio

    yield start
    for studio in running:
        if studio.process.poll() is None:
            studio.process.kill()
        studio.process.wait(20)
        studio.process.stdout.close()


def said_within(process: subprocess.Popen, seconds: float) -> str:
    """Return what a process says until it says no more."""
    said = ""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ready, _, _ = select.select(
            [process.stdout], [], [], 0.5 if said else deadline - time.monotonic()
        )
        if not ready:
            break
        piece = os.read(process.stdout.fileno(), 4096).decode()
        said += piece
        if not piece:
            break
    return said


def read_json(path: Path) -> dict:
    return json.loads(path.read_text())


# No longer than a module: while it lives, nobody else in this thread may run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser) -> Iterator[Callable[[str], object]]:
    """Open pages in browsers of their own; whatever goes wrong in one fails the test."""
    contexts = []
    wrong: list[str] = []

    def listen(said) -> None:
        if "Content Security" in said.text:
            wrong.append(said.text)

    def open_page(address: str):
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", listen)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
