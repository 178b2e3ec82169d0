"""The interface's parts: rows with a slider, choices, chips, pads. ImGui keeps their state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from imgui_bundle import ImVec2, ImVec4, imgui

from viewers.desktop.theme import PALETTE, SMALL_SIZE, TEXT_SIZE, Fonts

Key = TypeVar("Key", bound=str)

_ROW = 24.0
_LABEL, _VALUE = 112.0, 40.0
_CHIP_PAD = 10.0
_KEY_STEP = 0.05


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a control was moved to; `done` once it was let go of."""

    value: float
    done: bool


@dataclass(frozen=True, kw_only=True)
class Range:
    """What a slider can be, where it rests, and how its value is written."""

    low: float = 0.0
    high: float = 1.0
    rest: float = 0.0
    text: Callable[[float], str] = "{:.2f}".format


UNIT = Range()


def slider(label: str, value: float, limits: Range = UNIT) -> Change | None:
    """Show a row with a slider; return where it was moved to, None where it was left alone.

    A double click puts it back to rest; with the keyboard, arrow keys move it.
    """
    imgui.push_id(label)
    start, width = imgui.get_cursor_screen_pos(), imgui.get_content_region_avail().x
    track = start.x + _LABEL, start.x + width - _VALUE
    imgui.set_cursor_screen_pos(ImVec2(track[0] - 8, start.y))
    imgui.invisible_button(
        "track", ImVec2(max(track[1] - track[0] + 16, 20), _ROW), imgui.ButtonFlags_.enable_nav
    )
    change = _moved(value, limits, track)
    shown = value if change is None else change.value
    _draw_row(label, shown, limits, (start, width), track)
    imgui.set_cursor_screen_pos(ImVec2(start.x, start.y + _ROW))
    imgui.dummy(ImVec2(0, 0))
    imgui.pop_id()
    return change


def _moved(value: float, limits: Range, track: tuple[float, float]) -> Change | None:
    span = limits.high - limits.low
    if imgui.is_item_hovered() and imgui.is_mouse_double_clicked(0):
        return Change(value=limits.rest, done=True)
    if (imgui.is_item_active() and imgui.is_mouse_dragging(0, 0.5)) or imgui.is_item_activated():
        share = (imgui.get_mouse_pos().x - track[0]) / max(track[1] - track[0], 1)
        return Change(value=limits.low + span * min(max(share, 0.0), 1.0), done=False)
    if imgui.is_item_deactivated():
        return Change(value=value, done=True)
    if imgui.is_item_focused():
        for key, way in ((imgui.Key.left_arrow, -1), (imgui.Key.right_arrow, 1)):
            if imgui.is_key_pressed(key):
                stepped = value + way * span * _KEY_STEP
                return Change(value=min(max(stepped, limits.low), limits.high), done=True)
    return None


def _draw_row(
    label: str,
    value: float,
    limits: Range,
    place: tuple[ImVec2, float],
    track: tuple[float, float],
) -> None:
    (start, width), draw = place, imgui.get_window_draw_list()
    middle = start.y + _ROW / 2
    share = (value - limits.low) / (limits.high - limits.low)
    rest = (limits.rest - limits.low) / (limits.high - limits.low)
    at = track[0] + share * (track[1] - track[0])
    active = abs(value - limits.rest) > 1e-3 * (limits.high - limits.low)
    hovered = imgui.is_item_hovered() or imgui.is_item_active()
    draw.add_text(
        ImVec2(start.x, middle - TEXT_SIZE / 2 - 1),
        _code(PALETTE.text if active or hovered else PALETTE.muted),
        label,
    )
    line = PALETTE.hover
    draw.add_rect_filled(ImVec2(track[0], middle - 2), ImVec2(track[1], middle + 2), _code(line), 2)
    origin = track[0] + rest * (track[1] - track[0])
    if active:
        low, high = min(origin, at), max(origin, at)
        draw.add_rect_filled(
            ImVec2(low, middle - 2), ImVec2(high, middle + 2), _code(PALETTE.accent), 2
        )
    if imgui.is_item_focused() and imgui.get_io().nav_visible:
        draw.add_circle(ImVec2(at, middle), 9, _code(PALETTE.accent), 0, 1.5)
    draw.add_circle_filled(
        ImVec2(at, middle), 7 if hovered else 6, _code(PALETTE.accent if active else PALETTE.muted)
    )
    text = limits.text(value)
    size = imgui.calc_text_size(text).x
    draw.add_text(
        ImVec2(start.x + width - size, middle - TEXT_SIZE / 2 - 1),
        _code(PALETTE.text if active else PALETTE.muted),
        text,
    )


def heading(text: str, fonts: Fonts) -> None:
    """Show the title of what follows."""
    imgui.dummy(ImVec2(0, 2))
    imgui.push_font(fonts.bold, SMALL_SIZE)
    imgui.text_colored(PALETTE.muted, text)
    imgui.pop_font()


def choice(options: Mapping[Key, str], chosen: str) -> Key | None:
    """Show options side by side, in as many lines as they need; return the one pressed."""
    picked: Key | None = None
    for place, (name, label) in enumerate(options.items()):
        if place > 0:
            stay_on_line(label)
        if chip(label, selected=name == chosen):
            picked = name
    return picked


def stay_on_line(label: str) -> None:
    """Put the chip that comes next beside the one before, if it fits there."""
    wide = imgui.calc_text_size(label).x + 2 * _CHIP_PAD
    end = imgui.get_item_rect_max().x + imgui.get_style().item_spacing.x + wide
    if end <= imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x:
        imgui.same_line()


def chip(label: str, *, selected: bool = False) -> bool:
    """Show a small button; tell whether it was pressed."""
    if selected:
        imgui.push_style_color(imgui.Col_.button, PALETTE.accent)
        imgui.push_style_color(imgui.Col_.button_hovered, PALETTE.accent)
        imgui.push_style_color(imgui.Col_.text, PALETTE.ink)
    imgui.push_style_var(imgui.StyleVar_.frame_padding, ImVec2(_CHIP_PAD, 5))
    pressed = imgui.button(label)
    imgui.pop_style_var()
    if selected:
        imgui.pop_style_color(3)
    return pressed


def icon_button(sign: str, name: str, fonts: Fonts, *, enabled: bool = True) -> bool:
    """Show a button with a sign; `name` is told when the mouse rests on it."""
    imgui.begin_disabled(not enabled)
    imgui.push_style_color(imgui.Col_.button, ImVec4(0, 0, 0, 0))
    imgui.push_font(fonts.icons, 0)
    pressed = imgui.button(f"{sign}##{name}", ImVec2(30, 28))
    imgui.pop_font()
    imgui.pop_style_color()
    imgui.set_item_tooltip(name)
    imgui.end_disabled()
    return pressed


def pad(label: str, x: float, y: float, side: float) -> tuple[Change, Change] | None:
    """Show a square to move a point in, both ways in [-1, 1], up positive; double click centres."""
    start, draw = imgui.get_cursor_screen_pos(), imgui.get_window_draw_list()
    imgui.invisible_button(label, ImVec2(side, side), imgui.ButtonFlags_.enable_nav)
    moved: tuple[Change, Change] | None = None
    if imgui.is_item_hovered() and imgui.is_mouse_double_clicked(0):
        moved = Change(value=0, done=True), Change(value=0, done=True)
    elif imgui.is_item_active():
        mouse, reach = imgui.get_mouse_pos(), 0.42 * side
        x = min(max((mouse.x - start.x - side / 2) / reach, -1.0), 1.0)
        y = min(max((start.y + side / 2 - mouse.y) / reach, -1.0), 1.0)
        moved = Change(value=x, done=False), Change(value=y, done=False)
    elif imgui.is_item_deactivated():
        moved = Change(value=x, done=True), Change(value=y, done=True)
    end, centre = (
        ImVec2(start.x + side, start.y + side),
        ImVec2(start.x + side / 2, start.y + side / 2),
    )
    hovered = imgui.is_item_hovered() or imgui.is_item_active()
    draw.add_rect_filled(start, end, _code(PALETTE.hover if hovered else PALETTE.raised), 10)
    line = _code(ImVec4(1, 1, 1, 0.07))
    draw.add_line(ImVec2(start.x + 10, centre.y), ImVec2(end.x - 10, centre.y), line)
    draw.add_line(ImVec2(centre.x, start.y + 10), ImVec2(centre.x, end.y - 10), line)
    knob = ImVec2(centre.x + 0.42 * side * x, centre.y - 0.42 * side * y)
    draw.add_circle_filled(knob, 8, _code(PALETTE.accent))
    draw.add_text(ImVec2(start.x + 9, start.y + 7), _code(PALETTE.muted), label)
    return moved


def _code(color: ImVec4) -> int:
    return imgui.color_convert_float4_to_u32(color)
