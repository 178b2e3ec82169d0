"""What the studio is started with, and the limits it keeps."""

from dataclasses import dataclass, field
from pathlib import Path

from viewers.server.messages import UploadKind

MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class StudioLimits:
    """What one visitor may ask of this machine: bytes, seconds, and how many.

    `memory` bounds what a job allocates (on Linux), `seconds` how long it runs.
    """

    uploads: dict[UploadKind, int] = field(
        default_factory=lambda: {
            "photo": 48 * MEGABYTE,
            "sound": 128 * MEGABYTE,
            "video": 384 * MEGABYTE,
            "avatar": 256 * MEGABYTE,
            "clip": 64 * MEGABYTE,
        }
    )
    pending_uploads: int = 32
    waiting_jobs: int = 16
    kept_jobs: int = 60
    request_bytes: int = MEGABYTE // 2
    memory: int = 8 << 30
    seconds: float = 1800.0


@dataclass(frozen=True, kw_only=True)
class StudioSettings:
    """Where heads lie, and who may come.

    `token` is what a visitor must bring (None: nobody needs one); `hosts` are the names and ports
    under which the page may be asked for (empty: any); `open` names the head to show first.
    """

    folder: Path
    token: str | None = None
    hosts: tuple[str, ...] = ()
    open: Path | None = None
    limits: StudioLimits = field(default_factory=StudioLimits)
