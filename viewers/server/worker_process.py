"""The server's end of a worker: start it, give it its order, hear how far it is, end it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from viewers.server.codec import RequestError, decode, encode
from viewers.server.order import Order, Outcome, Ready, Step

_LONGEST_LINE = 1 << 20
_CRASHED = "the job stopped unexpectedly{how}; try again, with another file if it stays so"


class WorkerProcess:
    """A process that does one job and ends."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @staticmethod
    async def start(log: Path) -> "WorkerProcess":
        """Start a worker; it loads its libraries while it waits for an order."""
        with log.open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "viewers.server.worker",
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
        if self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
        await self._process.wait()

    async def _run(self, order: Order, told: Callable[[str, float], None]) -> Outcome:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("both were asked for")
        try:
            stdin.write(encode(order).encode() + b"\n")
            await stdin.drain()
            while line := await stdout.readline():
                message: Ready | Step | Outcome = decode(Ready | Step | Outcome, line)
                if isinstance(message, Outcome):
                    return message
                if isinstance(message, Step):
                    told(message.stage, message.done)
        except (ConnectionError, ValueError, RequestError):
            pass
        code = await self._process.wait()
        return _failed(_CRASHED.format(how=f" (signal {-code})" if code < 0 else ""))


def _failed(error: str) -> Outcome:
    return Outcome(kind="outcome", error=error, warnings=())
