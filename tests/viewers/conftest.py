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

    @staticmethod
    def start(heads: Path, cwd: Path, *arguments: str) -> "StudioProcess":
        arguments = arguments or ("--port", "0", "--no-browser")
        command = [sys.executable, "-m", "avatar", "view", str(heads), *arguments]
        environment = {
            k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")
        }
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, env=environment
        )
        said = said_within(process, 40)
        found = re.search(r"https?://\S+", said)
        assert found, said
        return StudioProcess(process, said, found.group())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        self.process.stdout.close()

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def start_studio(folder: Path, tmp_path: Path) -> Iterator[Callable[..., StudioProcess]]:
    running: list[StudioProcess] = []

    def start(*arguments: str, path: Path = folder) -> StudioProcess:
        studio = StudioProcess.start(path, tmp_path, *arguments)
        running.append(studio)
        return studio

    yield start
    for studio in running:
        studio.close()


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
