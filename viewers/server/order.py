"""What the server hands to a worker: paths of its own making, and the visitor's settings."""

from dataclasses import dataclass
from typing import Literal

from viewers.server.messages import EmotionName, ExportFormat, ImageFormat, JobKind, StyleName


@dataclass(frozen=True, kw_only=True)
class Order:
    """One job for a worker.

    `folder` takes what is made, `inputs` are files in it, `head` is the `.avatar` to work on,
    `clip` and `sound` belong to the performance that goes along. `memory` is in bytes.
    """

    task: JobKind
    folder: str
    inputs: tuple[str, ...] = ()
    name: str = ""
    head: str | None = None
    clip: str | None = None
    sound: str | None = None
    text: str = ""
    style: StyleName = "neutral"
    emotion: EmotionName = "none"
    intensity: float = 1.0
    make_head: bool = False
    format: ExportFormat = "glb"
    texture_size: int = 2048
    image_format: ImageFormat = "png"
    memory: int = 0


@dataclass(frozen=True, kw_only=True)
class LiveOrder:
    """What a live worker does: `folder` is for the take; a voice has a `head` and `rate`."""

    folder: str
    head: str | None = None
    rate: int = 0


@dataclass(frozen=True, kw_only=True)
class LiveStart:
    """A live worker waits for what it follows; `delay` are the seconds it stays behind it."""

    kind: Literal["start"]
    delay: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far a worker is: what it does, and the share finished, in [0, 1]."""

    kind: Literal["step"]
    stage: str
    done: float


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A worker has loaded what every task needs."""

    kind: Literal["ready"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of a job: no error, or what to tell the visitor."""

    kind: Literal["outcome"]
    error: str | None
    warnings: tuple[str, ...]
