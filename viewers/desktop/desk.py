"""What the window shows and what it is moved by: hands, a clip, or something live."""

import time
from dataclasses import dataclass, replace

import moderngl

from viewers.desktop.live import LiveFace
from viewers.desktop.sound import Sound
from viewers.desktop.stage import SAMPLES, Stage, StageSettings
from viewers.stage.face import Face, Pose
from viewers.stage.framings import FramingName, Orbit, frame_orbit
from viewers.stage.lighting import Lighting
from viewers.stage.performance import Player

_GLIDE = 0.42
_REST = 0.25
"""Seconds without motion after which the picture is drawn once more, as well as can be."""

_SLOW, _QUICK = 0.040, 0.022
_COARSEST = 0.5


@dataclass(frozen=True, kw_only=True)
class _Glide:
    start: float
    before: Orbit
    after: Orbit


class Desk:
    """The state of one window; `advance` it, then `draw`."""

    def __init__(
        self,
        stage: Stage,
        *,
        player: Player | None = None,
        sound: Sound | None = None,
        live: LiveFace | None = None,
    ) -> None:
        self.stage = stage
        self.face = Face()
        self.player = player
        self.live = live
        self.framing: FramingName | None = "head"
        self.orbit = frame_orbit(stage.avatar.mesh.vertices, "head", 16 / 9)
        self.frame_seconds: float | None = None
        self._sound = sound
        self._glide: _Glide | None = None
        self._scale = 1.0
        self._kind: tuple[str, int] | None = None
        self._moved = 0.0
        self._rested = False
        self._sharp = False
        self._following = True
        stage.shadows.learn_soon(stage.light)

    @property
    def settings(self) -> StageSettings:
        """How the head is shown."""
        return self.stage.settings

    @settings.setter
    def settings(self, settings: StageSettings) -> None:
        self.stage.settings = settings
        self.touch()

    def set_lighting(self, lighting: Lighting) -> None:
        """Change the light; its shadows come as soon as they are known."""
        self.settings = replace(self.settings, lighting=lighting)
        self.stage.shadows.learn_soon(self.stage.light)

    def frame(self, name: FramingName, aspect: float, *, smooth: bool = True) -> None:
        """Put the camera to a portrait."""
        self.framing = name
        after = frame_orbit(self.stage.avatar.mesh.vertices, name, aspect)
        if smooth:
            self._glide = _Glide(start=time.perf_counter(), before=self.orbit, after=after)
        else:
            self.orbit = after
        self.touch()

    def look_from(self, orbit: Orbit) -> None:
        """Put the camera where it was dragged to."""
        self._glide, self.framing = None, None
        self.orbit = orbit
        self.touch()

    def touch(self) -> None:
        """Note that the picture changes."""
        self._moved = time.perf_counter()
        self._rested = self._sharp = False

    def take_over(self) -> None:
        """Let hands move the face: what plays stands still, and starts from what is shown."""
        if self.player is not None and self.player.playing:
            self.pause()
        if self._following:
            self._following = False
            self.face.pose = self.stage.pose
        self.touch()

    @property
    def following(self) -> bool:
        """Whether a clip or something live moves the face, rather than hands."""
        return self._following and (self.player is not None or self.live is not None)

    def follow(self) -> None:
        """Let the clip, or what is live, move the face again."""
        self._following = True
        self.touch()

    def play(self) -> None:
        """Play the clip from where it is."""
        if self.player is not None:
            self.follow()
            self.player.play()
            if self._sound is not None:
                self._sound.play(self.player.place)

    def pause(self) -> None:
        """Let the clip stand still."""
        if self.player is not None:
            self.player.pause()
        if self._sound is not None:
            self._sound.stop()
        self.touch()

    def seek(self, seconds: float) -> None:
        """Go to a place of the clip."""
        if self.player is None:
            return
        self.follow()
        self.player.seek(seconds)
        if self._sound is not None and self.player.playing:
            self._sound.play(self.player.place)

    def advance(self) -> bool:
        """Move on; tell whether there is something new to draw."""
        now = time.perf_counter()
        self._advance_camera(now)
        before = self.stage.pose
        self.stage.pose = self._pose()
        playing = self.player is not None and self.player.playing and self.following
        if self.stage.pose != before or playing or self._glide is not None:
            self.touch()
        else:
            self.stage.pose = before
        if self.stage.shadows.changed.is_set():
            self._sharp = False
        if now - self._moved < _REST:
            return True
        if not self._rested:
            self._rested = True
            if self.settings.look not in ("splats", "albedo", "normals") and not self._busy:
                self.stage.shadows.follow_soon(self.stage.posed(), self.stage.light)
        return not self._sharp

    def draw(self, target: moderngl.Framebuffer, size: tuple[int, int], below: int = 0) -> None:
        """Draw the stage, `below` pixels over the target's bottom.

        In motion it has as many pixels as there is time for.
        """
        width, height = size
        start = time.perf_counter()
        moving = not self._rested
        scale = self._scale if moving else 1.0
        drawn = max(round(width * scale), 1), max(round(height * scale), 1)
        samples = 1 if moving and self._scale < 1 else SAMPLES
        target.viewport = 0, below, width, height
        self.stage.draw(self.orbit.camera(*drawn), target, samples)
        self._sharp = not moving
        target.ctx.finish()
        kind = self.settings.look, samples
        if moving and kind == self._kind:
            self._note(time.perf_counter() - start)
        # The first picture of a kind waits for its shaders.
        self._kind = kind

    def close(self) -> None:
        """End what is live, and give the memory back."""
        if self.live is not None:
            self.live.close()
        if self._sound is not None:
            self._sound.stop()
        self.stage.release()

    @property
    def _busy(self) -> bool:
        """Whether something live needs the processor more than the shadows do."""
        return self.live is not None and not self.live.ended and self.following

    def _note(self, took: float) -> None:
        before = took if self.frame_seconds is None else self.frame_seconds
        self.frame_seconds = before + 0.2 * (took - before)
        if self.frame_seconds > _SLOW:
            self._scale = max(self._scale * 0.92, _COARSEST)
        elif self.frame_seconds < _QUICK:
            self._scale = min(self._scale * 1.05, 1.0)

    def _pose(self) -> Pose:
        if not self._following:
            return self.face.pose
        if self.live is not None:
            newest = self.live.newest
            return self.stage.pose if newest is None or newest.pose is None else newest.pose
        if self.player is not None:
            return self.player.pose()
        return self.face.pose

    def _advance_camera(self, now: float) -> None:
        if self._glide is None:
            return
        phase = min((now - self._glide.start) / _GLIDE, 1.0)
        self.orbit = self._glide.before.towards(self._glide.after, 1 - (1 - phase) ** 3)
        if phase >= 1:
            self._glide = None
