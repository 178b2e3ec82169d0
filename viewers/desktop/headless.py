"""Pictures and films of a head, drawn by OpenGL without a window."""

from collections.abc import Iterator
from pathlib import Path

import moderngl
import numpy as np
from PIL import Image

from avatar.animation.film import Frame
from avatar.animation.film_options import FilmOptions
from avatar.core.avatar import Avatar
from avatar.core.camera import Camera
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.create.reconstruct import Progress
from avatar.create.render_film import write_frames
from avatar.speech.sound import SoundSource
from viewers.desktop.canvas import read_picture
from viewers.desktop.context import headless_context
from viewers.desktop.stage import SAMPLES, Stage, StageSettings
from viewers.stage.face import STILL, Pose
from viewers.stage.performance import pose_at


class HeadlessStage:
    """A stage whose pictures are read back; a context manager, for the memory of the card."""

    def __init__(self, avatar: Avatar, settings: StageSettings | None = None) -> None:
        self._context = headless_context()
        self.stage = Stage(self._context, avatar)
        self.stage.settings = settings or self.stage.settings
        self._target: moderngl.Framebuffer | None = None

    def __enter__(self) -> "HeadlessStage":
        return self

    def __exit__(self, *_: object) -> None:
        self.stage.release()
        if self._target is not None:
            self._target.release()
        self._context.release()

    @property
    def renderer(self) -> str:
        """What the driver calls itself."""
        return str(self._context.info["GL_RENDERER"])

    def picture(self, camera: Camera, pose: Pose = STILL, *, exact: bool = True) -> Frame:
        """Return what a camera sees, sRGB; `exact` follows the light to this very pose first."""
        self.stage.pose = pose
        if exact:
            self.stage.prepare(exact=True)
        return self.draw(camera)

    def draw(self, camera: Camera, samples: int = SAMPLES) -> Frame:
        """Return what a camera sees of the stage as it is."""
        size = camera.width, camera.height
        if self._target is None or self._target.size != size:
            self._target = self._context.simple_framebuffer(size)
        self.stage.draw(camera, self._target, samples)
        return read_picture(self._target)


def write_picture(stage: HeadlessStage, camera: Camera, pose: Pose, path: Path) -> None:
    """Write a picture as .png or .jpg."""
    Image.fromarray(stage.picture(camera, pose)).save(path, quality=95)


def write_clip_film(
    stage: HeadlessStage,
    camera: Camera,
    performance: tuple[Clip, SoundSource | None],
    path: Path,
    progress: Progress,
) -> None:
    """Write the film of a clip with its sound; the picture's sides must be even.

    Raises:
        OutputError: PyAV is missing, or the film cannot be written.
    """
    clip, sound = performance
    options = FilmOptions()
    stage.stage.prepare(exact=False)
    frames = _frames(stage, camera, clip, options.fps)
    write_frames(frames, sound, (path, float(clip.times[-1])), options, progress)


def moment(clip: Clip | None, seconds: float) -> Pose:
    """Return the pose of a moment of a clip; OptionError if it is beyond its end."""
    if clip is None:
        return STILL
    if seconds > float(clip.times[-1]):
        raise OptionError(f"time: expected 0 to {float(clip.times[-1]):.2f} s, got {seconds:g}")
    return pose_at(clip, seconds)


def _frames(stage: HeadlessStage, camera: Camera, clip: Clip, fps: int) -> Iterator[np.ndarray]:
    for number in range(int(float(clip.times[-1]) * fps + 1e-3) + 1):
        yield stage.picture(camera, pose_at(clip, number / fps), exact=False)
