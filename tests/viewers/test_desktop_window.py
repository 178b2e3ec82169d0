"""The window's controls and what moves the head, with a framebuffer for the screen."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from avatar.core.errors import AudioError
from avatar.export.exercise_clip import exercise_clip
from tests.export.synthetic import synthetic_avatar
from tests.viewers.opengl import needs_opengl
from viewers.stage.face import STILL
from viewers.stage.performance import Player

pytestmark = needs_opengl

WIDTH, HEIGHT = 1000, 640
PANEL = WIDTH - 332


class Screen:
    """A window without a screen: a mouse that presses, and a framebuffer to look at."""

    def __init__(self, **moved_by: object) -> None:
        from viewers.desktop.context import headless_context
        from viewers.desktop.desk import Desk
        from viewers.desktop.interface import Interface
        from viewers.desktop.stage import Stage

        self.context = headless_context()
        self.target = self.context.simple_framebuffer((WIDTH, HEIGHT))
        self.desk = Desk(Stage(self.context, synthetic_avatar()), **moved_by)
        self.interface = Interface(self.desk, self.context)
        self.show(3)

    def show(self, frames: int = 1) -> np.ndarray:
        from imgui_bundle import imgui

        from viewers.desktop.canvas import read_picture

        for _ in range(frames):
            io = imgui.get_io()
            io.display_size = imgui.ImVec2(WIDTH, HEIGHT)
            io.delta_time = 1 / 60
            self.desk.advance()
            self.interface.build(WIDTH, HEIGHT)
            width, height = self.interface.stage_size(WIDTH, HEIGHT)
            self.desk.draw(self.target, (int(width), int(height)), int(HEIGHT - height))
            self.interface.draw(self.target)
        return read_picture(self.target)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        from imgui_bundle import imgui

        io = imgui.get_io()
        io.add_mouse_pos_event(*start)
        self.show(2)
        io.add_mouse_button_event(0, down=True)
        self.show(2)
        io.add_mouse_pos_event(*end)
        self.show(2)
        io.add_mouse_button_event(0, down=False)
        self.show(2)

    def click(self, place: tuple[float, float]) -> None:
        self.drag(place, place)

    def close(self) -> None:
        self.interface.release()
        self.desk.close()
        self.target.release()
        self.context.release()


@pytest.fixture
def screen() -> Iterator[Screen]:
    screen = Screen()
    yield screen
    screen.close()


@pytest.fixture
def playing() -> Iterator[Screen]:
    screen = Screen(player=Player(clip=exercise_clip(synthetic_avatar().rig)))
    yield screen
    screen.close()


def test_the_panel_is_beside_the_stage_and_says_something(screen):
    picture = screen.show().astype(int)
    panel, stage = picture[:, PANEL + 4 :], picture[:, :PANEL]
    dark = np.abs(panel - np.array([0x16, 0x18, 0x1B])).max(-1) < 3
    assert 0.4 < dark.mean() < 0.95
    assert (panel.max(-1) > 200).mean() > 0.005
    assert stage.mean() > 90


def test_a_preset_is_pressed_and_undone(screen):
    screen.click((PANEL + 30, 124))
    assert screen.desk.stage.pose.weight("mouthSmileLeft") == pytest.approx(0.55)
    screen.desk.take_over()
    screen.desk.face.undo()
    screen.show()
    assert screen.desk.stage.pose == STILL


def test_the_gaze_pad_turns_the_eyes(screen):
    screen.drag((PANEL + 237, 414), (PANEL + 280, 380))
    right, up = screen.desk.stage.pose.gaze
    assert right > 0.3
    assert up > 0.3
    assert screen.desk.face.can_undo


def test_a_slider_moves_both_sides(screen):
    screen.drag((PANEL + 130, 607), (PANEL + 200, 607))
    pose = screen.desk.stage.pose
    assert 0.3 < pose.weight("browDownLeft") < 0.7
    assert pose.weight("browDownRight") == pose.weight("browDownLeft")


def test_the_light_tab_lights_by_another_room(screen):
    before = screen.show().astype(int)
    screen.click((PANEL + 116, 27))
    screen.click((PANEL + 160, 176))
    assert screen.desk.settings.lighting.room == "window"
    assert np.abs(screen.show()[:, :PANEL].astype(int) - before[:, :PANEL]).mean() > 1


def test_framings_glide_there(screen):
    screen.desk.frame("left", 1.0)
    start = screen.desk.orbit
    time.sleep(0.5)
    screen.show(2)
    assert screen.desk.orbit.yaw == pytest.approx(1.25)
    assert start.yaw != screen.desk.orbit.yaw


def test_a_clip_moves_the_face_until_a_hand_does(playing):
    playing.desk.seek(1.5)
    playing.show()
    pose = playing.desk.stage.pose
    assert max(pose.weights) > 0.1
    playing.desk.take_over()
    playing.desk.face.pose = playing.desk.face.pose.with_weight("cheekPuff", 1.0)
    playing.show()
    assert playing.desk.stage.pose == pose.with_weight("cheekPuff", 1.0)
    assert not playing.desk.following
    playing.desk.follow()
    playing.show()
    assert playing.desk.stage.pose.weight("cheekPuff") < 1


def test_a_still_picture_is_drawn_again_at_its_best_then_no_more(screen):
    screen.desk.touch()
    assert screen.desk.advance()
    deadline = time.monotonic() + 60
    while screen.desk.advance() and time.monotonic() < deadline:
        screen.show()
    assert not screen.desk.advance()
    screen.desk.look_from(screen.desk.orbit.turned(0.1, 0))
    assert screen.desk.advance()


def test_what_is_live_moves_the_face_and_its_delay_is_measured():
    from viewers.desktop.live import LiveFace, LivePose

    go_on = threading.Event()

    def poses(stop: threading.Event) -> Iterator[LivePose]:
        smile = STILL.with_weight("mouthSmileLeft", 0.9)
        yield LivePose(pose=smile, happened=time.perf_counter() - 0.05)
        go_on.wait(20)
        assert not stop.is_set()
        raise AudioError("microphone: gone")

    live = LiveFace("voice", poses)
    screen = Screen(live=live)
    while live.newest is None:
        time.sleep(0.01)
    screen.show()
    assert live.waiting
    live.shown()
    assert not live.waiting
    assert screen.desk.stage.pose.weight("mouthSmileLeft") == 0.9
    assert live.delay is not None
    assert live.delay > 0.05
    go_on.set()
    while not live.ended:
        time.sleep(0.01)
    assert live.problem == "microphone: gone"
    screen.show()
    screen.close()


def test_a_recorded_voice_speaks_on_the_head(tmp_path):
    import wave

    from avatar.create.default_head import default_head
    from viewers.desktop.live import follow_voice

    path = tmp_path / "tone.wav"
    times = np.arange(16000) / 16000
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes((8000 * np.sin(2 * np.pi * 220 * times)).astype("<i2").tobytes())
    live = follow_voice(str(path), default_head())
    deadline = time.monotonic() + 60
    while live.newest is None and not live.ended and time.monotonic() < deadline:
        time.sleep(0.02)
    newest = live.newest
    assert live.problem is None
    assert newest is not None
    assert newest.pose is not None
    assert len(newest.pose.weights) == 52
    live.close()
    assert live.ended


def test_settings_are_seen_at_once(screen):
    before = screen.show()[:, :PANEL].astype(int)
    screen.desk.settings = replace(screen.desk.settings, backdrop="white")
    after = screen.show()[:, :PANEL].astype(int)
    assert after[:40].mean() > before[:40].mean() + 40


def test_the_pose_shown_is_the_mesh_drawn(screen):
    screen.desk.take_over()
    screen.desk.face.take(STILL.with_weight("jawOpen", 1.0))
    screen.show()
    head = screen.desk.stage.avatar
    pose = screen.desk.stage.pose
    wanted = head.pose(torch.tensor(pose.weights))
    assert np.abs(screen.desk.stage.posed().vertices - wanted.numpy()).max() < 1e-6
