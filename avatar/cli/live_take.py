"""What live commands share: where frames go, when to end, and the take that is kept."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.animation.destination import parse_destination
from avatar.cli.outputs import check_paths, check_suffix
from avatar.cli.performance_outputs import CURVES, write_performance
from avatar.core.errors import OptionError

if TYPE_CHECKING:
    from avatar.core.avatar import Avatar
    from avatar.core.clip import Clip


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """Doing it live.

    Attributes:
        live: do it as it happens; Ctrl-C ends it and keeps what was recorded.
        send: where frames go as they come: vmc://host:port, livelink://host:port/subject.
        seconds: end by itself after so long.
    """

    live: bool = False
    send: tuple[str, ...] = ()
    seconds: float | None = None

    def __post_init__(self) -> None:
        for target in self.send:
            parse_destination(target)
        if self.seconds is not None and self.seconds <= 0:
            raise OptionError(f"seconds: expected more than 0, got {self.seconds}")

    def check_offline(self) -> None:
        """Refuse wishes that only live work can meet; OptionError."""
        if self.send or self.seconds is not None:
            raise OptionError("send, seconds: belong to live work; add --live")


def check_take_outputs(output: tuple[Path, ...]) -> None:
    """Refuse what a take cannot be written to; OptionError or OutputError."""
    for path in output:
        check_suffix("output", path, (".glb", *CURVES))
    check_paths(output)


def write_take(frames: "Sequence[Clip]", output: tuple[Path, ...], head: "Avatar | None") -> None:
    """Write recorded frames to all outputs, or to none, and say so."""
    from avatar.animation.join import join_frames  # noqa: PLC0415
    from avatar.create.default_head import default_head  # noqa: PLC0415
    from avatar.files.atomic import atomic_outputs  # noqa: PLC0415

    take = join_frames(frames)
    wants_head = any(path.suffix.lower() == ".glb" for path in output)
    actor = (head or default_head()) if wants_head else None
    with atomic_outputs(output) as temporary:
        for path in output:
            write_performance(actor, take, temporary[path], path.suffix.lower())
    sys.stderr.write(f"take of {float(take.times[-1]):.1f} s, {len(take.times)} frames, saved\n")
    sys.stdout.writelines(f"{path}\n" for path in output)
