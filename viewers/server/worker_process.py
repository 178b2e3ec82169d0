"""The server's end of a worker: start it, give it its order, hear how far it is, end it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from viewers.server.codec import RequestError, decode, encode
from viewers.server.order import Order, Outcome, Ready, Step

JOB_WORKER = "viewers.server.worker"
CAMERA_WORKER = "viewers.server.camera_worker"
VOICE_WORKER = "viewers.server.voice_worker"

_LONGEST_LINE = 1 << 20
_CRASHED = "the job stopped unexpectedly{how}; try again, with another file if it stays so"


class WorkerProcess:
    """A process that does one job and ends."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @staticmethod
    async def start(log: Path, module: str = JOB_WORKER) -> "WorkerProcess":
        """Start a worker; it loads its libraries while it waits for an order."""
        with log.open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the package that runs here, not sources that happen to lie around
                "-m",
                module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                limit=_LONGEST_LINE,
                # A group of its own: Ctrl-C is for the server, which then ends its workers.
                start_new_session=True,
            )
        return WorkerProcess(process)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    async def run(
        self, order: Order, told: Callable[[str, float], None], seconds: float
    ) -> Outcome:
        """Do a job; whatever happens to the process, there is an outcome."""
        try:
            async with asyncio.timeout(seconds):
                return await self._run(order, told)
        except TimeoutError:
            return _failed(f"this took longer than {seconds / 60:.0f} minutes; try a shorter file")
        finally:
            await self.end()

    async def end(self) -> None:
        """Kill the process and all it started, and wait until they are gone."""
        self.kill()
        await self._process.wait()

    def kill(self) -> None:
        """Kill the process and all it started."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()

    async def write(self, data: bytes) -> None:
        """Send bytes to its stdin; ConnectionError when it is gone."""
        stdin = self._process.stdin
        if stdin is None:
            raise AssertionError("it was asked for")
        stdin.write(data)
        await stdin.drain()

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield what it says, line by line, until it ends."""
        stdout = self._process.stdout
        if stdout is None:
            raise AssertionError("it was asked for")
        while line := await stdout.readline():
            yield line

    async def _run(self, order: Order, told: Callable[[str, float], None]) -> Outcome:
        try:
            await self.write(encode(order).encode() + b"\n")
            async for line in self.lines():
                message: Ready | Step | Outcome = decode(Ready | Step | Outcome, line)
                if isinstance(message, Outcome):
                    return message
                if isinstance(message, Step):
                    told(message.stage, message.done)
        except (ConnectionError, ValueError, RequestError):
            pass
        code = await self._process.wait()
        return _failed(_CRASHED.format(how=f" (signal {-code})" if code < 0 else ""))


class Workers:
    """All workers of a server: none is forgotten, whatever became of who started it."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._starts: set[asyncio.Task[WorkerProcess]] = set()

    async def start(self, module: str = JOB_WORKER) -> WorkerProcess:
        """Start a worker."""
        self._starts = {task for task in self._starts if not _is_over(task)}
        task = asyncio.create_task(WorkerProcess.start(self._log, module))
        self._starts.add(task)
        # Who waits may be cancelled half-way; the process is there all the same.
        return await asyncio.shield(task)

    async def end(self) -> None:
        """End all that still run."""
        for task in self._starts:
            await (await task).end()


def _is_over(task: "asyncio.Task[WorkerProcess]") -> bool:
    return task.done() and (task.exception() is not None or not task.result().alive)


def _failed(error: str) -> Outcome:
    return Outcome(kind="outcome", error=error, warnings=())
