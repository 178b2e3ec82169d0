"""A page's camera, followed live: pictures in, faces out, and a take at the end."""

import asyncio
import contextlib
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

from starlette.websockets import WebSocket, WebSocketDisconnect

from avatar.files.atomic import make_folder
from viewers.server.codec import RequestError, decode, encode
from viewers.server.gate import POLICY_VIOLATION
from viewers.server.job import RECORD
from viewers.server.messages import LiveFace, LiveReady, LiveTaken
from viewers.server.names import new_id
from viewers.server.order import Outcome, Ready
from viewers.server.worker_process import LIVE_WORKER, WorkerProcess, Workers

TRY_AGAIN = 1013
LARGEST_FRAME = 1 << 20
_TIME_BYTES = 8
_JPEG = b"\xff\xd8\xff"
_IDLE_SECONDS = 20.0
_START_SECONDS = 240.0
"""The first time on a machine, the head model is built before the first picture is looked at."""
_STOP = "stop"


class Live:
    """One camera at a time: following takes all that a laptop has."""

    def __init__(self, jobs: Path, workers: Workers, keep: Callable[[str, Path], str]) -> None:
        self._jobs = jobs
        self._workers = workers
        self._keep = keep
        self._busy = False

    async def serve(self, socket: WebSocket) -> None:
        """Follow a page's camera until it stops, leaves or misbehaves."""
        if self._busy:
            await socket.accept()
            await socket.close(TRY_AGAIN, "another page is using the camera")
            return
        self._busy = True
        identity = new_id()
        folder = self._jobs / identity
        worker: WorkerProcess | None = None
        try:
            make_folder(folder)
            await socket.accept()
            worker = await self._workers.start(LIVE_WORKER)
            await worker.write(f"{folder}\n".encode())
            await self._relay(socket, worker)
            if (folder / "clip.json").is_file():
                taken = LiveTaken(kind="taken", job=self._keep(identity, folder))
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

    async def _relay(self, socket: WebSocket, worker: WorkerProcess) -> None:
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
                frame = _checked(taking.result())
                if frame is None:
                    await socket.close(POLICY_VIOLATION)
                    raise WebSocketDisconnect(POLICY_VIOLATION)
                await worker.write(frame)
                if frame == struct.pack("<I", 0):
                    break
            await asyncio.wait_for(answering, _IDLE_SECONDS)
        except TimeoutError:
            pass
        finally:
            answering.cancel()


def _checked(message: object) -> bytes | None:
    """Return what the worker is told, None for what no page of ours sends."""
    if not isinstance(message, dict) or message.get("type") != "websocket.receive":
        raise WebSocketDisconnect
    if message.get("text") == _STOP:
        return struct.pack("<I", 0)
    data = message.get("bytes")
    if not isinstance(data, bytes) or not _TIME_BYTES < len(data) <= LARGEST_FRAME:
        return None
    if not data[_TIME_BYTES:].startswith(_JPEG):
        return None
    return struct.pack("<I", len(data)) + data


async def _answer(socket: WebSocket, worker: WorkerProcess, ready: asyncio.Event) -> None:
    """Send on what the worker says, until it ends."""
    with contextlib.suppress(RequestError, RuntimeError, WebSocketDisconnect):
        async for line in worker.lines():
            message: Ready | LiveFace | Outcome = decode(Ready | LiveFace | Outcome, line)
            if isinstance(message, Outcome):
                return
            if isinstance(message, Ready):
                ready.set()
                await socket.send_text(encode(LiveReady(kind="ready")))
            else:
                await socket.send_text(encode(message))
