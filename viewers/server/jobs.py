"""The jobs: kept on disk, done in processes of their own, told to whoever listens."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from avatar.core.errors import AvatarError, OptionError
from viewers.server.formats import format_info
from viewers.server.gallery import HEAD_FILE, PREPARED_FILES, Gallery, id_of
from viewers.server.job import JobRecord, load_jobs, new_state
from viewers.server.messages import GalleryChanged, JobChanged, JobRemoved, JobState
from viewers.server.names import NotThereError
from viewers.server.order import Order, Outcome
from viewers.server.settings import StudioLimits
from viewers.server.worker_process import WorkerProcess, Workers

Told = Callable[[GalleryChanged | JobChanged | JobRemoved], None]
Lane = Literal["long", "short"]

_TELL_SECONDS = 0.1
_ATTEMPTS = 2


class Jobs:
    """Two lanes: what takes long waits its turn, and what is short does not wait for it."""

    def __init__(
        self, gallery: Gallery, workers: Workers, limits: StudioLimits, told: Told
    ) -> None:
        self._gallery = gallery
        self._workers = workers
        self._limits = limits
        self._told = told
        self._changed = asyncio.Event()
        self._running: dict[str, asyncio.Task[Outcome]] = {}
        self._standby: WorkerProcess | None = None
        self._starting = asyncio.Lock()
        self._records = {r.state.id: r for r in load_jobs(gallery.state / "jobs")}
        for record in list(self._records.values()):
            self._take_up(record)

    # ---- what can be asked ---------------------------------------------------------------------

    def states(self) -> tuple[JobState, ...]:
        """Return all jobs, oldest first."""
        return tuple(record.state for record in self._records.values())

    def folder_of(self, job: str) -> Path:
        """Return where a finished job's files lie; NotThereError if there is no such job."""
        record = self._records.get(job)
        if record is None or record.active:
            raise NotThereError("job: there is no such finished job")
        return record.folder

    def state(self, job: str) -> JobState:
        """Return a job; NotThereError if there is none of that id."""
        if job not in self._records:
            raise NotThereError("job: there is no such job")
        return self._records[job].state

    def check_room(self) -> None:
        """Refuse one job too many; OptionError."""
        if sum(record.active for record in self._records.values()) >= self._limits.waiting_jobs:
            raise OptionError("job: too many are waiting; cancel one or come back later")

    def add(self, identity: str, order: Order, title: str, avatar: str | None) -> JobState:
        """Put a job in its lane."""
        order = replace(order, memory=self._limits.memory)
        record = JobRecord(state=new_state(identity, order, title, avatar), order=order, attempts=0)
        self._keep(record)
        self._forget_oldest()
        self._changed.set()
        return record.state

    def add_take(self, identity: str, folder: Path, title: str) -> str:
        """List a performance that was recorded live as a job that is done; return its id."""
        order = Order(task="clip", folder=str(folder), name=title)
        state = replace(
            new_state(identity, order, title, None),
            status="done",
            stage="done",
            progress=1.0,
            clip=True,
            sound=(folder / "sound.wav").is_file(),
        )
        self._keep(JobRecord(state=state, order=order, attempts=1))
        self._forget_oldest()
        return identity

    def preparing(self, avatar: str) -> JobState | None:
        """Return the job that prepares a head already, if there is one."""
        for record in self._records.values():
            if record.active and record.state.kind == "prepare" and record.state.avatar == avatar:
                return record.state
        return None

    def end(self, job: str) -> None:
        """Cancel a job that has not ended, or forget one that has; NotThereError."""
        record = self._records.get(job)
        if record is None:
            raise NotThereError("job: there is no such job")
        task = self._running.get(job)
        if task is not None:
            task.cancel()
        elif record.active:
            self._finish(record, "cancelled")
        else:
            self._remove(record)

    # ---- doing them ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Do jobs until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work("long"))
            group.create_task(self._work("short"))

    async def expect(self) -> None:
        """Have a worker ready, as somebody is there: loading its libraries takes seconds."""
        async with self._starting:
            if self._standby is None or not self._standby.alive:
                self._standby = await self._workers.start()

    async def _work(self, lane: Lane) -> None:
        while True:
            record = self._next(lane)
            if record is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            await self._do(record)

    def _next(self, lane: Lane) -> JobRecord | None:
        waiting = [
            record
            for record in self._records.values()
            if record.state.status == "waiting" and lane_of(record.order) == lane
        ]
        return waiting[0] if waiting else None

    async def _do(self, record: JobRecord) -> None:
        job = record.state.id
        record = replace(
            record.but(status="running", stage="starting"), attempts=record.attempts + 1
        )
        self._keep(record)
        last_told = 0.0

        def told(stage: str, done: float) -> None:
            nonlocal last_told
            before = self._records[job].state
            state = replace(before, stage=stage, progress=round(min(max(done, 0.0), 1.0), 3))
            self._records[job] = replace(self._records[job], state=state)
            now = time.monotonic()
            if stage != before.stage or now - last_told > _TELL_SECONDS:
                last_told = now
                self._told(JobChanged(type="job", job=state))

        worker = await self._take_worker()
        task = asyncio.create_task(worker.run(record.order, told, self._limits.seconds))
        self._running[job] = task
        again = asyncio.create_task(self.expect())
        try:
            outcome = await task
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is not None and me.cancelling():  # the server ends: the job is taken up later
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                raise
            self._finish(self._records[job], "cancelled")
        else:
            self._take_outcome(self._records[job], outcome)
        finally:
            del self._running[job]
            await again

    def _take_outcome(self, record: JobRecord, outcome: Outcome) -> None:
        if outcome.error is not None:
            self._finish(record, "failed", error=outcome.error)
            return
        try:
            avatar = self._take_head(record)
        except (AvatarError, OSError) as error:
            self._finish(record, "failed", error=f"the result cannot be kept: {error}")
            return
        file = next((path for path in record.folder.glob("export.*") if path.is_file()), None)
        self._finish(
            record,
            "done",
            progress=1.0,
            warnings=outcome.warnings,
            avatar=avatar,
            clip=(record.folder / "clip.json").is_file(),
            sound=(record.folder / "sound.wav").is_file(),
            file=None if file is None else f"{record.order.name}{file.suffix}",
            bytes=0 if file is None else file.stat().st_size,
        )

    def _take_head(self, record: JobRecord) -> str | None:
        """Move what was made for the gallery there; return the head the job is about."""
        avatar = record.state.avatar
        if (record.folder / HEAD_FILE).is_file():
            avatar = self._gallery.adopt(record.folder, record.order.name)
        elif record.order.head is not None and (record.folder / PREPARED_FILES[0]).is_file():
            # It may have got another name meanwhile.
            avatar = id_of(Path(record.order.head))
            self._gallery.keep_prepared(avatar, record.folder)
        else:
            return avatar
        self._told(GalleryChanged(type="gallery", avatars=self._gallery.entries()))
        return avatar

    def _finish(
        self,
        record: JobRecord,
        status: Literal["done", "failed", "cancelled"],
        **changes: object,
    ) -> None:
        record = record.but(status=status, stage=status, **changes)
        for path in record.folder.glob("input-*"):
            path.unlink(missing_ok=True)
        self._keep(record)
        # Nobody asks for these again once they are over.
        if status == "cancelled" or (record.state.kind == "prepare" and status == "done"):
            self._remove(record)

    # ---- keeping them --------------------------------------------------------------------------

    def _take_up(self, record: JobRecord) -> None:
        """Go on after a restart: what had not ended is done again, but not for ever."""
        if not record.active:
            return
        if record.attempts < _ATTEMPTS and record.state.kind != "prepare":
            record = record.but(status="waiting", stage="waiting", progress=0.0)
            self._keep(record)
        else:
            self._finish(
                record, "failed", error="the studio was closed while this ran; start it again"
            )

    def _keep(self, record: JobRecord) -> None:
        self._records[record.state.id] = record
        with contextlib.suppress(AvatarError):
            record.save()
        self._told(JobChanged(type="job", job=record.state))

    def _remove(self, record: JobRecord) -> None:
        del self._records[record.state.id]
        record.remove()
        self._told(JobRemoved(type="job_removed", id=record.state.id))

    def _forget_oldest(self) -> None:
        ended = [record for record in self._records.values() if not record.active]
        for record in ended[: max(0, len(ended) - self._limits.kept_jobs)]:
            self._remove(record)

    async def _take_worker(self) -> WorkerProcess:
        worker, self._standby = self._standby, None
        if worker is not None and worker.alive:
            return worker
        return await self._workers.start()


def lane_of(order: Order) -> Lane:
    """Return the lane of a job."""
    if order.task == "export":
        return "long" if format_info(order.format).slow else "short"
    return "long" if order.task in ("reconstruct", "speak", "track", "train") else "short"
