"""A camera to a performance as it happens.

Three threads hand on only what is newest: one reads, one follows the face, and the caller's own
fits. So a slow machine drops frames, and the delay stays what one frame takes.
"""

import sys
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.follow_face import FaceTrace
from avatar.capture.read_video import VideoFrame
from avatar.core.clip import Clip
from avatar.create.newest import Newest
from avatar.fit.video.face_tracker import FaceTracker, TrackedFace, TrackerOptions
from avatar.fit.video.track import shared_turns, turns_of_head
from avatar.head.model import HeadModel

_SWITCH = 0.001
"""Seconds after which one thread lets another in; Python's own are 5 ms, a sixth of a frame."""


@runtime_checkable
class FrameSource(Protocol):
    """Whatever gives frames as they happen: a `Camera`, or yours."""

    def frames(self) -> Iterator[VideoFrame]:
        """Yield frames when their time has come; raise VideoError where there are no more."""
        ...


@dataclass(frozen=True, kw_only=True)
class LiveFrame:
    """What one frame of a camera showed, and what that took.

    `clip` holds one frame at the camera's time, None where no face is seen; `seconds` are those of
    each stage; `delay` those since the picture was there; `dropped` counts all frames so far that
    came too fast.
    """

    time: float
    clip: Clip | None
    residual: float = 0.0
    delay: float = 0.0
    dropped: int = 0
    seconds: dict[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, kw_only=True)
class _Arrived:
    frame: VideoFrame
    at: float


@dataclass(frozen=True, kw_only=True)
class _Followed:
    arrived: _Arrived
    trace: FaceTrace | None
    seconds: float


def track_live(
    camera: FrameSource, model: HeadModel, options: TrackerOptions | None = None
) -> Generator[LiveFrame, None, None]:
    """Yield what the face in front of a camera does, until the source ends or is closed.

    Raises:
        VideoError: the camera goes away, or no frame can be read.
    """
    frames: Newest[_Arrived] = Newest()
    traces: Newest[_Followed] = Newest()
    switch = sys.getswitchinterval()
    with FaceTracker(model, options) as tracker:
        threads = [
            threading.Thread(target=_read, args=(camera, frames), daemon=True),
            threading.Thread(target=_follow, args=(tracker, frames, traces), daemon=True),
        ]
        sys.setswitchinterval(_SWITCH)
        try:
            for thread in threads:
                thread.start()
            yield from _fitted(tracker, frames, traces)
        finally:
            frames.close()
            traces.close()
            for thread in threads:
                thread.join(timeout=5)
            sys.setswitchinterval(switch)


def _read(camera: FrameSource, frames: Newest[_Arrived]) -> None:
    problem: BaseException | None = None
    try:
        for frame in camera.frames():
            if not frames.put(_Arrived(frame=frame, at=time.perf_counter())):
                return
    except Exception as error:
        problem = error
    frames.close(problem)


def _follow(tracker: FaceTracker, frames: Newest[_Arrived], traces: Newest[_Followed]) -> None:
    problem: BaseException | None = None
    try:
        while (arrived := frames.get()) is not None:
            start = time.perf_counter()
            trace = tracker.follow(arrived.frame)
            took = time.perf_counter() - start
            if not traces.put(_Followed(arrived=arrived, trace=trace, seconds=took)):
                return
    except Exception as error:
        problem = error
    traces.close(problem)


def _fitted(
    tracker: FaceTracker, frames: Newest[_Arrived], traces: Newest[_Followed]
) -> Generator[LiveFrame, None, None]:
    place = _UsualPlace()
    while (followed := traces.get()) is not None:
        arrived = followed.arrived
        face = tracker.fit(followed.trace)
        clip = None if face is None else _clip(face, place)
        seconds = {"follow": followed.seconds} | ({} if face is None else face.seconds)
        yield LiveFrame(
            time=arrived.frame.time,
            clip=clip,
            residual=0.0 if face is None else face.residual,
            delay=time.perf_counter() - arrived.at,
            dropped=frames.dropped + traces.dropped,
            seconds=seconds,
        )


class _UsualPlace:
    """The mean of where the head was: the direction from which it counts as facing the camera."""

    def __init__(self) -> None:
        self._sum = torch.zeros(3)
        self._count = 0

    def with_next(self, place: Float[Tensor, "3"]) -> Float[Tensor, "3"]:
        self._sum, self._count = self._sum + place, self._count + 1
        return self._sum / self._count


def _clip(face: TrackedFace, usual: _UsualPlace) -> Clip:
    place = usual.with_next(face.camera_from_head.translation.float())
    turn = turns_of_head(face.camera_from_head.rotation.float()[None], place)
    names, rotations = shared_turns(turn)
    return Clip(
        times=torch.tensor([face.time], dtype=torch.float32),
        weights=face.weights[None],
        joint_names=names,
        joint_rotations=rotations,
        name="take",
    )
