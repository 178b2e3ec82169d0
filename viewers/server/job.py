"""One job as it is kept on disk: what the page sees of it, and the order it runs by."""

import json
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from avatar.files.atomic import atomic_write
from viewers.server.codec import RequestError, decode
from viewers.server.messages import JobState
from viewers.server.order import Order

RECORD = "job.json"
ACTIVE = ("waiting", "running")


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A job; `attempts` counts how often it was begun, so that one that kills us is given up."""

    state: JobState
    order: Order
    attempts: int

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return Path(self.order.folder)

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state.status in ACTIVE

    def but(self, **changes: Any) -> "JobRecord":  # noqa: ANN401 - fields of `JobState`
        """Return it with another state."""
        return replace(self, state=replace(self.state, **changes))

    def save(self) -> None:
        """Keep it across restarts."""
        with atomic_write(self.folder / RECORD) as file:
            file.write(json.dumps(asdict(self)).encode())

    def remove(self) -> None:
        """Delete it with its files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def new_state(identity: str, order: Order, title: str, avatar: str | None) -> JobState:
    """Return the state of a job that has not begun."""
    return JobState(
        id=identity,
        kind=order.task,
        status="waiting",
        title=title,
        stage="waiting",
        progress=0.0,
        created=time.time(),
        error=None,
        warnings=(),
        avatar=avatar,
        clip=False,
        sound=False,
        file=None,
        bytes=0,
    )


def load_jobs(folder: Path) -> list[JobRecord]:
    """Return the jobs that were kept, oldest first; what cannot be read is removed."""
    found: list[JobRecord] = []
    for path in folder.iterdir():
        try:
            record: JobRecord = decode(JobRecord, (path / RECORD).read_bytes())
        except (OSError, RequestError):
            shutil.rmtree(path, ignore_errors=True)
            continue
        # The studio's folder may have moved since: its jobs' folders are where they are found.
        inputs = tuple(str(path / Path(name).name) for name in record.order.inputs)
        order = replace(record.order, folder=str(path), inputs=inputs)
        found.append(replace(record, order=order))
    return sorted(found, key=lambda record: record.state.created)
