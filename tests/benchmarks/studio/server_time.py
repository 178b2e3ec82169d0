"""What the server adds to a message: faces at 60 Hz to three clients, and events to three more.

A face goes from the client through the server to a worker that answers at once, and back: twice
through uvicorn, the gate and the worker's pipe. Events go from the server to every listener.
"""

import asyncio
import contextlib
import struct
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect

from viewers.server.codec import decode
from viewers.server.gate import Gate
from viewers.server.hub import Hub
from viewers.server.job import new_state
from viewers.server.live import Live, LiveSource
from viewers.server.messages import Hello, JobChanged, LiveFace, LiveReady
from viewers.server.order import LiveOrder, Order
from viewers.server.worker_process import Workers

CLIENTS = 3
RATE = 60.0
_SOURCE = LiveSource(
    worker="tests.benchmarks.studio.echo_worker", title="echo", fits=lambda data: len(data) >= 8
)


def server_times(seconds: float) -> dict[str, np.ndarray]:
    """Return the milliseconds of all round trips and of all events."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder), seconds))


async def _measured(folder: Path, seconds: float) -> dict[str, np.ndarray]:
    hub = Hub()
    workers = Workers(folder / "log")
    lines = [Live(folder, workers, lambda *_: "") for _ in range(CLIENTS)]

    def live(number: int) -> WebSocketRoute:
        async def serve(socket: WebSocket) -> None:
            await lines[number].serve(socket, _SOURCE, LiveOrder(folder=""))

        return WebSocketRoute(f"/live/{number}", serve)

    async def events(socket: WebSocket) -> None:
        await hub.serve(socket, _hello)

    routes = [WebSocketRoute("/events", events), *(live(number) for number in range(CLIENTS))]
    app = Gate(Starlette(routes=routes), (), None)
    async with _serving(app) as address:
        async with asyncio.TaskGroup() as group:
            faces = [
                group.create_task(_round_trips(f"ws://{address}/live/{number}", address, seconds))
                for number in range(CLIENTS)
            ]
        async with asyncio.TaskGroup() as group:
            heard = [
                group.create_task(_heard(f"ws://{address}/events", address, seconds))
                for _ in range(CLIENTS)
            ]
            group.create_task(_told(hub, seconds))
    await workers.end()
    return {
        "face": np.concatenate([task.result() for task in faces]),
        "event": np.concatenate([task.result() for task in heard]),
    }


@contextlib.asynccontextmanager
async def _serving(app: Gate) -> AsyncGenerator[str]:
    config = uvicorn.Config(
        app, port=0, log_level="warning", ws_per_message_deflate=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"127.0.0.1:{port}"
    server.should_exit = True
    await task


def _line(url: str, address: str) -> connect:
    return connect(url, origin=f"http://{address}", compression=None)  # type: ignore[arg-type]


async def _round_trips(url: str, address: str, seconds: float) -> np.ndarray:
    took: list[float] = []
    async with _line(url, address) as line:
        decode(LiveReady, await line.recv())
        sending = asyncio.create_task(_send(line, seconds))
        for _ in range(int(seconds * RATE)):
            face: LiveFace = decode(LiveFace, await line.recv())
            took.append(1e3 * (time.perf_counter() - face.time))
        await sending
    return np.array(took)


async def _send(line: ClientConnection, seconds: float) -> None:
    start = time.perf_counter()
    for number in range(int(seconds * RATE)):
        await asyncio.sleep(max(0.0, start + number / RATE - time.perf_counter()))
        await line.send(struct.pack("<d", time.perf_counter()) + bytes(1600))


async def _heard(url: str, address: str, seconds: float) -> np.ndarray:
    took: list[float] = []
    async with _line(url, address) as line:
        await line.recv()
        while len(took) < int(seconds * RATE):
            event: JobChanged = decode(JobChanged, await line.recv())
            took.append(1e3 * (time.perf_counter() - event.job.created))
    return np.array(took)


async def _told(hub: Hub, seconds: float) -> None:
    state = new_state("0" * 16, Order(task="speak", folder=""), "a voice", None)
    while not hub.listened:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)  # until all three listen
    start = time.perf_counter()
    for number in range(int(seconds * RATE)):
        await asyncio.sleep(max(0.0, start + number / RATE - time.perf_counter()))
        fields = {**vars(state), "created": time.perf_counter()}
        hub.tell(JobChanged(type="job", job=type(state)(**fields)))


def _hello() -> Hello:
    return Hello(type="hello", version="", avatars=(), jobs=(), limits=(), formats=(), open=None)
