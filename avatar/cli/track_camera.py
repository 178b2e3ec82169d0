"""`avatar track --live`: a camera to a performance as it happens, sent out and recorded."""

import sys
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.animation.destination import parse_destination
from avatar.cli.live_take import LiveOptions, check_take_outputs, write_take
from avatar.core.errors import AvatarError, FaceNotFoundError
from avatar.create.track_options import TrackOptions

if TYPE_CHECKING:
    from avatar.animation.send_clip import ClipSender
    from avatar.core.clip import Clip
    from avatar.create.track_live import LiveFrame

_TOLD_EVERY = 5.0


@dataclass(frozen=True, kw_only=True)
class LiveCameraOptions(LiveOptions):
    """Tracking live.

    Attributes:
        live: track as it happens; Ctrl-C ends it and keeps what was recorded.
        send: where frames go as they come: vmc://host:port, livelink://host:port/subject.
        seconds: end by itself after so long.
        camera: a camera's number (0) or device, a pipe, `-` for standard input, or a video that
            is played at its own pace. Tracks live.
    """

    camera: str | None = None


def track_camera(
    source: str,
    output: tuple[Path, ...],
    head: Path | None,
    live: LiveCameraOptions,
    tracking: TrackOptions,
) -> None:
    """Track until Ctrl-C, the source's end or `live.seconds`, then write what was recorded.

    Raises:
        OptionError: an option that makes no sense.
        VideoError: the camera cannot be opened, or went away; what it showed is written first.
        FaceNotFoundError: no frame showed a face.
    """
    check_take_outputs(output)
    from avatar.animation.send_clip import ClipSender  # noqa: PLC0415
    from avatar.capture.read_camera import open_camera  # noqa: PLC0415
    from avatar.core.avatar import Avatar  # noqa: PLC0415
    from avatar.create.track_live import track_live  # noqa: PLC0415
    from avatar.fit.video.face_tracker import TrackerOptions  # noqa: PLC0415
    from avatar.head.registry import load_model  # noqa: PLC0415

    options = TrackerOptions(face=tracking.face, views=min(tracking.views, 1), fov=tracking.fov)
    model = load_model(tracking.model)
    recorded: list[Clip] = []
    problem: AvatarError | None = None
    targets = [parse_destination(target) for target in live.send]
    own = Avatar.load(head) if head else None
    with open_camera(source) as camera:
        rate = camera.video.rate or 30.0
        with ClipSender(targets, rate, own.rig if own else None) as sender:
            sys.stderr.write(f"tracking {camera.name}; Ctrl-C ends it\n")
            if not (output or targets):
                sys.stderr.write("nothing is kept or sent: -o take.csv and --send do that\n")
            try:
                frames = track_live(camera, model, options)
                _run(frames, sender, recorded if output else None, live.seconds)
            except KeyboardInterrupt:
                sys.stderr.write("\n")
            except AvatarError as error:
                problem = error
    if output and recorded:
        write_take(recorded, output, own)
    if problem is not None:
        kept = "; what came before is saved" if output and recorded else ""
        raise type(problem)(f"{problem}{kept}")
    if output and not recorded:
        raise FaceNotFoundError(f"{camera.name}: no frame showed a face; nothing was written")


def _run(
    frames: "Iterable[LiveFrame]",
    sender: "ClipSender",
    recorded: "list[Clip] | None",
    seconds: float | None,
) -> None:
    status = _Status()
    for frame in frames:
        if frame.clip is not None:
            sender.send(frame.clip)
            if recorded is not None:
                recorded.append(frame.clip)
        status.tell(frame)
        if seconds is not None and frame.time >= seconds:
            return


class _Status:
    """Tells now and then how fast it goes, on stderr; remembers the last seconds only."""

    def __init__(self) -> None:
        self._recent: deque[LiveFrame] = deque(maxlen=150)
        self._told = time.perf_counter()

    def tell(self, frame: "LiveFrame") -> None:
        self._recent.append(frame)
        now = time.perf_counter()
        if now - self._told < _TOLD_EVERY:
            return
        self._told = now
        sys.stderr.write(self._line() + "\n")

    def _line(self) -> str:
        recent = list(self._recent)
        span = recent[-1].time - recent[0].time
        delays = sorted(frame.delay for frame in recent)
        names = ("follow", "fit")
        stages = ", ".join(
            f"{name} {1e3 * _mean(f.seconds[name] for f in recent if name in f.seconds):.0f} ms"
            for name in names
        )
        delay = 1e3 * delays[len(delays) // 2]
        seen = 100 * sum(frame.clip is not None for frame in recent) // len(recent)
        return (
            f"{recent[-1].time:6.1f} s: {(len(recent) - 1) / max(span, 1e-6):.1f} frames a second,"
            f" face in {seen} %; {stages}; delay {delay:.0f} ms"
            f" (at most {1e3 * delays[-1]:.0f}); {recent[-1].dropped} dropped"
        )


def _mean(values: "Iterable[float]") -> float:
    held = list(values)
    return sum(held) / len(held) if held else 0.0
