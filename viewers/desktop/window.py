"""The window: its events go to the interface and the stage, and pictures come back."""

import time
from typing import Any

import moderngl
import moderngl_window
from imgui_bundle import imgui
from moderngl_window.conf import settings as window_settings

from avatar.cli.view_options import DesktopOptions
from avatar.core.avatar import Avatar
from avatar.core.errors import OptionError
from viewers.desktop.desk import Desk
from viewers.desktop.interface import Interface
from viewers.desktop.live import LiveFace, follow_camera, follow_voice
from viewers.desktop.sound import Sound
from viewers.desktop.stage import Stage, StageSettings
from viewers.stage.face import STILL
from viewers.stage.performance import Player

_NAP = 0.008
_SETTLE = 0.4
"""Seconds for which the interface goes on being drawn after an event."""

_ORBIT_SPEED = 0.007
_WHEEL = 1.12
_STEP = 0.08
_BUTTONS = {1: 0, 2: 1, 3: 2}


def show_window(avatar: Avatar, settings: StageSettings, options: DesktopOptions) -> None:
    """Show a head until the window is closed.

    Raises:
        OptionError: the window cannot be opened.
    """
    from viewers.desktop.open_desktop import clip_of  # noqa: PLC0415 -- it imports this file

    clip, sound = clip_of(options, avatar)
    window = _open(avatar.info.name, options.size)
    stage = Stage(window.ctx, avatar)
    stage.settings = settings
    desk = Desk(
        stage,
        player=None if clip is None else Player(clip=clip),
        sound=None if sound is None else Sound(sound),
        live=_live(avatar, options),
    )
    DesktopWindow(window, desk).run(options)


def _open(name: str, size: tuple[int, int]) -> Any:  # noqa: ANN401 -- a window of some toolkit
    window_settings.WINDOW.update(
        {
            "class": "moderngl_window.context.pyglet.Window",
            "gl_version": (3, 3),
            "title": f"{name} \u2013 avatar",
            "size": size,
            "aspect_ratio": None,
            "vsync": True,
            "samples": 0,
            "resizable": True,
        }
    )
    try:
        return moderngl_window.create_window_from_settings()
    except Exception as error:  # whatever the toolkit raises
        raise OptionError(
            f"desktop: no window can be opened here ({error}); `avatar view` without --desktop"
            " shows the head in a browser, and --headless -o frame.png draws without a window"
        ) from error


def _live(avatar: Avatar, options: DesktopOptions) -> LiveFace | None:
    if options.camera is not None:
        return follow_camera(options.camera, avatar)
    if options.voice is not None:
        return follow_voice(options.voice, avatar)
    return None


class DesktopWindow:
    """One open window with its desk."""

    def __init__(self, window: Any, desk: Desk) -> None:  # noqa: ANN401 -- of some toolkit
        self._window, self._desk = window, desk
        self._interface = Interface(desk, window.ctx)
        self._busy_until = 0.0
        self._drawn = time.perf_counter()
        window.resize_func = self._on_resize
        window.mouse_position_event_func = self._on_move
        window.mouse_drag_event_func = self._on_drag
        window.mouse_press_event_func = self._on_press
        window.mouse_release_event_func = self._on_release
        window.mouse_scroll_event_func = self._on_wheel
        window.key_event_func = self._on_key
        window.unicode_char_entered_func = self._on_letter

    def run(self, options: DesktopOptions) -> None:
        """Draw until the window is closed; rest while nothing changes."""
        width, height = self._interface.stage_size(*self._window.size)
        self._desk.frame(options.framing, width / height, smooth=False)
        if self._desk.player is not None:
            self._desk.play()
        try:
            while not self._window.is_closing:
                new = self._desk.advance()
                if new or time.perf_counter() < self._busy_until:
                    self._draw()
                else:
                    time.sleep(_NAP)
                    self._window._window.dispatch_events()  # without drawing
        finally:
            self._interface.release()
            self._desk.close()
            self._window.destroy()

    def _draw(self) -> None:
        now = time.perf_counter()
        io = imgui.get_io()
        width, height = self._window.size
        ratio = self._window.pixel_ratio
        io.display_size = imgui.ImVec2(width, height)
        io.display_framebuffer_scale = imgui.ImVec2(ratio, ratio)
        io.delta_time = max(now - self._drawn, 1e-4)
        self._drawn = now
        self._interface.build(width, height)
        screen: moderngl.Framebuffer = self._window.ctx.screen
        stage_width, stage_height = self._interface.stage_size(width, height)
        below = int((height - stage_height) * ratio)
        self._desk.draw(screen, (int(stage_width * ratio), int(stage_height * ratio)), below)
        self._interface.draw(screen)
        self._window.swap_buffers()
        if self._desk.live is not None:
            self._window.ctx.finish()
            self._desk.live.shown()

    def _wake(self) -> None:
        self._busy_until = time.perf_counter() + _SETTLE

    def _on_resize(self, width: int, height: int) -> None:
        del width, height
        self._desk.touch()

    def _on_move(self, x: int, y: int, dx: int, dy: int) -> None:
        del dx, dy
        imgui.get_io().add_mouse_pos_event(x, y)
        self._wake()

    def _on_drag(self, x: int, y: int, dx: int, dy: int) -> None:
        self._on_move(x, y, dx, dy)
        if self._interface.wants_mouse:
            return
        desk, orbit = self._desk, self._desk.orbit
        held = self._window.mouse_states
        if held.right or held.middle:
            metres = orbit.distance * 0.43 / self._window.height
            desk.look_from(orbit.moved(-dx * metres, dy * metres))
        elif held.left:
            desk.look_from(orbit.turned(-dx * _ORBIT_SPEED, dy * _ORBIT_SPEED))

    def _on_press(self, x: int, y: int, button: int) -> None:
        io = imgui.get_io()
        io.add_mouse_pos_event(x, y)
        io.add_mouse_button_event(_BUTTONS.get(button, 0), down=True)
        self._wake()

    def _on_release(self, x: int, y: int, button: int) -> None:
        io = imgui.get_io()
        io.add_mouse_pos_event(x, y)
        io.add_mouse_button_event(_BUTTONS.get(button, 0), down=False)
        self._wake()

    def _on_wheel(self, x: float, y: float) -> None:
        self._wake()
        if self._interface.wants_mouse:
            imgui.get_io().add_mouse_wheel_event(x, y)
        else:
            self._desk.look_from(self._desk.orbit.nearer(_WHEEL**y))

    def _on_letter(self, letter: str) -> None:
        imgui.get_io().add_input_character(ord(letter))
        self._wake()

    def _on_key(self, key: Any, action: Any, modifiers: Any) -> None:  # noqa: ANN401
        self._wake()
        keys, io = self._window.keys, imgui.get_io()
        down = action == keys.ACTION_PRESS
        known = _imgui_keys(keys)
        io.add_key_event(imgui.Key.mod_ctrl, modifiers.ctrl)
        io.add_key_event(imgui.Key.mod_shift, modifiers.shift)
        if key in known:
            io.add_key_event(known[key], down=down)
        if down and not self._interface.wants_keys:
            self._shortcut(key, ctrl=bool(modifiers.ctrl))

    def _shortcut(self, key: Any, *, ctrl: bool) -> None:  # noqa: ANN401
        desk, keys = self._desk, self._window.keys
        player = desk.player
        turns = {
            keys.A: (-_STEP, 0.0),
            keys.D: (_STEP, 0.0),
            keys.W: (0.0, _STEP),
            keys.S: (0.0, -_STEP),
        }
        if ctrl and key in (keys.Z, keys.Y):
            desk.take_over()
            (desk.face.undo if key == keys.Z else desk.face.redo)()
        elif key == keys.SPACE and player is not None:
            (desk.pause if player.playing else desk.play)()
        elif key == keys.R:
            desk.take_over()
            desk.face.take(STILL)
        elif key in turns:
            desk.look_from(desk.orbit.turned(*turns[key]))


def _imgui_keys(keys: Any) -> dict[Any, imgui.Key]:  # noqa: ANN401
    return {
        keys.TAB: imgui.Key.tab,
        keys.LEFT: imgui.Key.left_arrow,
        keys.RIGHT: imgui.Key.right_arrow,
        keys.UP: imgui.Key.up_arrow,
        keys.DOWN: imgui.Key.down_arrow,
        keys.PAGE_UP: imgui.Key.page_up,
        keys.PAGE_DOWN: imgui.Key.page_down,
        keys.HOME: imgui.Key.home,
        keys.END: imgui.Key.end,
        keys.DELETE: imgui.Key.delete,
        keys.BACKSPACE: imgui.Key.backspace,
        keys.SPACE: imgui.Key.space,
        keys.ENTER: imgui.Key.enter,
        keys.ESCAPE: imgui.Key.escape,
    }
