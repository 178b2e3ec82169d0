"""A face or a voice that moves the head as it happens, followed on a thread."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path

from avatar.animation.retarget import onto_joints
from avatar.capture.read_camera import open_camera
from avatar.core.avatar import Avatar
from avatar.core.errors import AvatarError
from avatar.create.track_live import FrameSource, track_live
from avatar.head.registry import DEFAULT_MODEL, load_model
from avatar.speech.listen import Voice, listen
from avatar.speech.options import SpeakOptions
from avatar.speech.perform_live import LiveSpeaker
from viewers.stage.face import Pose
from viewers.stage.performance import pose_of_frame

_SMOOTHING = 0.1

SYSTEM_MICROPHONE = "default"


@dataclass(frozen=True, kw_only=True)
class LivePose:
    """What the face does, None while none is seen, and when it did, by `time.perf_counter`."""

    pose: Pose | None
    happened: float


Source = Callable[[threading.Event], Iterator[LivePose]]


class LiveFace:
    """Follows a source on a thread; `newest` is what it showed last.

    `delay` is how many seconds lie between what happened and its picture, averaged; `problem` is
    what ended it.
    """

    def __init__(self, name: str, source: Source) -> None:
        self.name = name
        self.newest: LivePose | None = None
        self.problem: str | None = None
        self.delay: float | None = None
        self.ended = False
        self._stop = threading.Event()
        self._shown: LivePose | None = None
        self._thread = threading.Thread(target=self._run, args=(source,), daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> bool:
        """Whether there is something that was not shown yet."""
        return self.newest is not self._shown

    def shown(self) -> None:
        """Note that the newest pose is on the screen now."""
        newest = self.newest
        if newest is None or newest is self._shown:
            return
        self._shown = newest
        delay = time.perf_counter() - newest.happened
        before = delay if self.delay is None else self.delay
        self.delay = before + _SMOOTHING * (delay - before)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(timeout=3)

    def _run(self, source: Source) -> None:
        try:
            for live in source(self._stop):
                self.newest = live
                if self._stop.is_set():
                    return
        except AvatarError as error:
            self.problem = str(error)
        finally:
            self.ended = True


def follow_camera(camera: str, avatar: Avatar) -> LiveFace:
    """Let the face in front of a camera move the head; as `avatar track --live`."""
    return follow_frames(f"camera {Path(camera).name}", lambda: open_camera(camera), avatar)


def follow_frames(
    name: str, opened: Callable[[], AbstractContextManager[FrameSource]], avatar: Avatar
) -> LiveFace:
    """Let the face in frames of whatever source move the head; it is opened on the thread."""

    def poses(stop: threading.Event) -> Iterator[LivePose]:
        model = load_model(DEFAULT_MODEL)
        with opened() as camera, closing(track_live(camera, model)) as frames:
            for frame in frames:
                pose = None
                if frame.clip is not None:
                    pose = pose_of_frame(onto_joints(frame.clip, avatar.rig.joint_names))
                yield LivePose(pose=pose, happened=time.perf_counter() - frame.delay)
                if stop.is_set():
                    return

    return LiveFace(name, poses)


def follow_voice(voice: str, avatar: Avatar) -> LiveFace:
    """Let a voice move the head; as `avatar speak --live`."""
    source = None if voice == SYSTEM_MICROPHONE else voice

    def poses(stop: threading.Event) -> Iterator[LivePose]:
        speaker = LiveSpeaker(avatar, SpeakOptions())
        for piece in listen(Voice(source=source)):
            heard = time.perf_counter()
            for frame in speaker.push(piece):
                pose = pose_of_frame(onto_joints(frame, avatar.rig.joint_names))
                yield LivePose(pose=pose, happened=heard - speaker.latency)
            if stop.is_set():
                return

    return LiveFace("voice" if source is None else f"voice {Path(voice).name}", poses)
