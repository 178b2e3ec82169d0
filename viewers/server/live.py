"""A page's camera or microphone, followed live: faces go out, and a take is kept at the end."""

import asyncio
import contextlib
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.websockets import WebSocket, WebSocketDisconnect

from avatar.files.atomic import make_folder
from viewers.server.codec import RequestError, decode, encode
from viewers.server.gate import POLICY_VIOLATION
from viewers.server.job import RECORD
from viewers.server.messages import LiveFace, LiveFailed, LiveReady, LiveTaken
from viewers.server.names import new_id
from viewers.server.order import LiveOrder, LiveStart, Outcome
from viewers.server.worker_process import CAMERA_WORKER, VOICE_WORKER, WorkerProcess, Workers

TRY_AGAIN = 1013
LARGEST_FRAME = 1 << 20
LARGEST_SOUND = 1 << 16
_TIME_BYTES = 8
_JPEG = b"\xff\xd8\xff"
_IDLE_SECONDS = 20.0
_START_SECONDS = 240.0
"""The first time on a machine, the head model is built before the first picture is looked at."""
_STOP = "stop"
_END = struct.pack("<I", 0)


@dataclass(frozen=True, kw_only=True)
class LiveSource:
    """What a page lets be followed: by which worker, and what a piece of it looks like."""

    worker: str
    title: str
    fits: Callable[[bytes], bool]


CAMERA = LiveSource(
    worker=CAMERA_WORKER,
    title="Webcam take",
    fits=lambda data: (
        _TIME_BYTES < len(data) <= LARGEST_FRAME and data[_TIME_BYTES:].startswith(_JPEG)
    ),
)
VOICE = LiveSource(
    worker=VOICE_WORKER,
    title="Voice take",
    fits=lambda data: 0 < len(data) <= LARGEST_SOUND and len(data) % 2 == 0,
)


class Live:
    """One camera or microphone at a time: following takes all that a laptop has."""

    def __init__(self, jobs: Path, workers: Workers, keep: Callable[[str, Path, str], str]) -> None:
        self._jobs = jobs
        self._workers = workers
        self._keep = keep
        self._busy = False

    async def serve(self, socket: WebSocket, source: LiveSource, order: LiveOrder) -> None:
        """Follow a page until it stops, leaves or misbehaves; the order's folder is made here."""
        if self._busy:
            await socket.accept()
            await socket.close(TRY_AGAIN, "another page is being followed")
            return
        self._busy = True
        identity = new_id()
        folder = self._jobs / identity
        worker: WorkerProcess | None = None
        try:
            make_folder(folder)
            await socket.accept()
            worker = await self._workers.start(source.worker)
            await worker.write(encode(replace(order, folder=str(folder))).encode() + b"\n")
            await _relay(socket, worker, source)
            if (folder / "clip.json").is_file():
                taken = LiveTaken(kind="taken", job=self._keep(identity, folder, source.title))
                await socket.send_text(encode(taken))
            await socket.close()
        except (WebSocketDisconnect, RuntimeError, ConnectionError):
            pass
        finally:
            self._busy = False
            if worker is not None:
                worker.kill()
            if not (folder / RECORD).is_file():
                shutil.rmtree(folder, ignore_errors=True)
            if worker is not None:
                await worker.end()


async def _relay(socket: WebSocket, worker: WorkerProcess, source: LiveSource) -> None:
    ready = asyncio.Event()
    answering = asyncio.create_task(_answer(socket, worker, ready))
    try:
        while not answering.done():
            taking = asyncio.create_task(socket.receive())
            done, _ = await asyncio.wait(
                {taking, answering},
                timeout=_IDLE_SECONDS if ready.is_set() else _START_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if taking not in done:
                taking.cancel()
                break
            piece = _checked(taking.result(), source)
            if piece is None:
                await socket.close(POLICY_VIOLATION)
                raise WebSocketDisconnect(POLICY_VIOLATION)
            await worker.write(piece)
            if piece == _END:
                break
        await asyncio.wait_for(answering, _IDLE_SECONDS)
    except TimeoutError:
        pass
    finally:
        answering.cancel()


def _checked(message: object, source: LiveSource) -> bytes | None:
    """Return what the worker is told, None for what no page of ours sends."""
    if not isinstance(message, dict) or message.get("type") != "websocket.receive":
        raise WebSocketDisconnect
    if message.get("text") == _STOP:
        return _END
    data = message.get("bytes")
    if not isinstance(data, bytes) or not source.fits(data):
        return None
    return struct.pack("<I", len(data)) + data


async def _answer(socket: WebSocket, worker: WorkerProcess, ready: asyncio.Event) -> None:
    """Send on what the worker says, until it ends."""
    with contextlib.suppress(RequestError, RuntimeError, WebSocketDisconnect):
        async for line in worker.lines():
            message: LiveStart | LiveFace | Outcome = decode(LiveStart | LiveFace | Outcome, line)
            if isinstance(message, Outcome):
                if message.error is not None:
                    await socket.send_text(encode(LiveFailed(kind="failed", error=message.error)))
                return
            if isinstance(message, LiveStart):
                ready.set()
                await socket.send_text(encode(LiveReady(kind="ready", delay=message.delay)))
            else:
                await socket.send_text(encode(message))
