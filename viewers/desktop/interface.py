"""The interface over the stage: a panel at the side, bars at top and bottom."""

from imgui_bundle import ImVec2, ImVec4, imgui

from viewers.desktop.desk import Desk
from viewers.desktop.face_panel import FacePanel
from viewers.desktop.imgui_painter import ImguiPainter
from viewers.desktop.light_panel import LightPanel
from viewers.desktop.theme import (
    CAMERA,
    MICROPHONE,
    PALETTE,
    PAUSE,
    PLAY,
    REPEAT,
    SMALL_SIZE,
    Fonts,
    apply_theme,
)
from viewers.desktop.widgets import chip, icon_button
from viewers.stage.framings import FRAMINGS
from viewers.stage.performance import Player

PANEL_WIDTH = 332.0
_BAR, _TOP = 54.0, 76.0
_FLAGS = (
    imgui.WindowFlags_.no_decoration
    | imgui.WindowFlags_.no_move
    | imgui.WindowFlags_.no_saved_settings
    | imgui.WindowFlags_.no_bring_to_front_on_focus
)


class Interface:
    """Shows a desk's controls; feed ImGui's `io` with events, then `build` and `draw`."""

    def __init__(self, desk: Desk, painter_context: object) -> None:
        imgui.create_context()
        io = imgui.get_io()
        io.config_flags |= imgui.ConfigFlags_.nav_enable_keyboard
        self._desk = desk
        self._fonts: Fonts = apply_theme()
        self._painter = ImguiPainter(painter_context)  # pyright: ignore[reportArgumentType]
        self._face = FacePanel(desk, self._fonts)
        self._light = LightPanel(desk, self._fonts)
        self._tab = "face"

    def stage_size(self, width: float, height: float) -> tuple[float, float]:
        """Return how much of a window of this size the stage has, in points."""
        bar = _BAR if self._desk.player is not None else 0.0
        return max(width - PANEL_WIDTH, 1.0), max(height - bar, 1.0)

    @property
    def wants_mouse(self) -> bool:
        """Whether the mouse is over a control rather than the stage."""
        return imgui.get_io().want_capture_mouse

    @property
    def wants_keys(self) -> bool:
        """Whether somebody types."""
        return imgui.get_io().want_text_input

    def build(self, width: float, height: float) -> None:
        """Lay the controls out and do what is asked of them."""
        imgui.new_frame()
        stage_width, stage_height = self.stage_size(width, height)
        self._side(stage_width, height)
        self._top(stage_width)
        self._framings(stage_width, stage_height)
        if self._desk.player is not None:
            self._timeline(self._desk.player, stage_width, stage_height)
        imgui.render()

    def draw(self, target: object) -> None:
        """Draw what was built into a framebuffer."""
        self._painter.draw(target)  # pyright: ignore[reportArgumentType]

    def release(self) -> None:
        """Give the memory back."""
        self._painter.release()
        imgui.destroy_context()

    def _side(self, left: float, height: float) -> None:
        imgui.set_next_window_pos(ImVec2(left, 0))
        imgui.set_next_window_size(ImVec2(PANEL_WIDTH, height))
        imgui.begin("side", None, _FLAGS)
        for name, label in (("face", "Face"), ("light", "Light and look")):
            if chip(label, selected=self._tab == name):
                self._tab = name
            imgui.same_line()
        imgui.new_line()
        imgui.separator()
        imgui.begin_child("content")
        (self._face if self._tab == "face" else self._light).show()
        imgui.end_child()
        imgui.end()

    def _top(self, width: float) -> None:
        self._float("top", ImVec2(0, 0), ImVec2(width, _TOP))
        imgui.set_cursor_pos(ImVec2(18, 14))
        imgui.push_font(self._fonts.bold, 0)
        imgui.text(self._desk.stage.avatar.info.name)
        imgui.pop_font()
        status = self._status()
        imgui.push_font(self._fonts.text, SMALL_SIZE)
        wide = imgui.calc_text_size(status).x
        imgui.same_line(max(width - wide - 18, 0))
        imgui.text_colored(ImVec4(0.88, 0.89, 0.9, 0.85), status)
        imgui.pop_font()
        self._live()
        imgui.end()

    def _status(self) -> str:
        seconds = self._desk.frame_seconds
        return "" if seconds is None else f"{1000 * seconds:.0f} ms a frame"

    def _live(self) -> None:
        live = self._desk.live
        if live is None:
            return
        imgui.set_cursor_pos(ImVec2(18, 38))
        sign = MICROPHONE if live.name.startswith("voice") else CAMERA
        imgui.push_font(self._fonts.icons, 0)
        imgui.text_colored(PALETTE.danger if live.ended else PALETTE.accent, sign)
        imgui.pop_font()
        imgui.same_line()
        imgui.text(_told(live.name, live.problem, live.delay, ended=live.ended))
        if not self._desk.following and not live.ended:
            imgui.same_line()
            if chip("Follow again"):
                self._desk.follow()

    def _framings(self, width: float, height: float) -> None:
        size = ImVec2(330, 44)
        self._float("framings", ImVec2((width - size.x) / 2, height - size.y - 8), size)
        for name in FRAMINGS:
            if chip(name.capitalize(), selected=self._desk.framing == name):
                self._desk.frame(name, width / height)
            imgui.same_line()
        imgui.new_line()
        imgui.end()

    def _timeline(self, player: Player, width: float, top: float) -> None:
        desk = self._desk
        imgui.set_next_window_pos(ImVec2(0, top))
        imgui.set_next_window_size(ImVec2(width, _BAR))
        imgui.begin("timeline", None, _FLAGS)
        if icon_button(PAUSE if player.playing else PLAY, "Play or pause (space)", self._fonts):
            (desk.pause if player.playing else desk.play)()
        imgui.same_line()
        imgui.push_style_color(imgui.Col_.text, PALETTE.accent if player.loop else PALETTE.muted)
        if icon_button(REPEAT, "Loop", self._fonts):
            player.loop = not player.loop
        imgui.pop_style_color()
        imgui.same_line()
        place = player.place
        self._scrubber(player, place, width - 250)
        imgui.same_line(0, 14)
        imgui.align_text_to_frame_padding()
        imgui.text_colored(PALETTE.muted, f"{_clock(place)} / {_clock(player.duration)}")
        imgui.end()

    def _scrubber(self, player: Player, place: float, width: float) -> None:
        start, draw = imgui.get_cursor_screen_pos(), imgui.get_window_draw_list()
        imgui.invisible_button("scrub", ImVec2(max(width, 40), 28))
        if imgui.is_item_active():
            share = (imgui.get_mouse_pos().x - start.x) / max(width, 1)
            self._desk.seek(min(max(share, 0.0), 1.0) * player.duration)
        middle = start.y + 14
        at = start.x + width * place / max(player.duration, 1e-6)
        hover = imgui.color_convert_float4_to_u32(PALETTE.hover)
        accent = imgui.color_convert_float4_to_u32(PALETTE.accent)
        end = ImVec2(start.x + width, middle + 2.5)
        draw.add_rect_filled(ImVec2(start.x, middle - 2.5), end, hover, 3)
        draw.add_rect_filled(ImVec2(start.x, middle - 2.5), ImVec2(at, middle + 2.5), accent, 3)
        draw.add_circle_filled(ImVec2(at, middle), 7, accent)

    @staticmethod
    def _float(name: str, place: ImVec2, size: ImVec2) -> None:
        """Begin a window without a ground, over the stage."""
        imgui.set_next_window_pos(place)
        imgui.set_next_window_size(size)
        imgui.set_next_window_bg_alpha(0)
        inactive = imgui.WindowFlags_.no_nav | imgui.WindowFlags_.no_focus_on_appearing
        imgui.begin(name, None, _FLAGS | inactive)


def _told(name: str, problem: str | None, delay: float | None, *, ended: bool) -> str:
    if problem is not None:
        return problem
    if ended:
        return f"{name}: ended"
    if delay is None:
        return f"{name}: starting"
    return f"{name}: {1000 * delay:.0f} ms to the picture"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{seconds % 60:04.1f}"
