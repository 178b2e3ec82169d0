"""How the interface looks: the studio's colours, one typeface, room to breathe."""

from dataclasses import dataclass
from pathlib import Path

import imgui_bundle
from imgui_bundle import ImVec2, ImVec4, imgui

_FONTS = Path(imgui_bundle.__file__).parent / "assets" / "fonts"


def _color(code: str, alpha: float = 1.0) -> ImVec4:
    red, green, blue = (int(code[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return ImVec4(red, green, blue, alpha)


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The studio's colours (viewers/web/src/style.css)."""

    panel: ImVec4
    raised: ImVec4
    hover: ImVec4
    line: ImVec4
    text: ImVec4
    muted: ImVec4
    accent: ImVec4
    ink: ImVec4
    danger: ImVec4


PALETTE = Palette(
    panel=_color("16181b"),
    raised=_color("1f2226"),
    hover=_color("2a2d32"),
    line=_color("26292e"),
    text=_color("e9eaec"),
    muted=_color("a0a4ac"),
    accent=_color("f0b27a"),
    ink=_color("1c130a"),
    danger=_color("ff8f80"),
)


@dataclass(frozen=True, kw_only=True)
class Fonts:
    """The typeface at its two weights, and the signs."""

    text: imgui.ImFont
    bold: imgui.ImFont
    icons: imgui.ImFont


TEXT_SIZE, SMALL_SIZE, ICON_SIZE = 14.0, 12.0, 13.0

PLAY, PAUSE, REPEAT = "\uf04b", "\uf04c", "\uf363"
UNDO, REDO, RESET = "\uf0e2", "\uf01e", "\uf12d"
CAMERA, MICROPHONE = "\uf03d", "\uf130"


def apply_theme() -> Fonts:
    """Set the current ImGui context's style, and return its fonts."""
    atlas = imgui.get_io().fonts
    roboto = _FONTS / "Roboto"
    text = atlas.add_font_from_file_ttf(str(roboto / "Roboto-Regular.ttf"), TEXT_SIZE)
    bold = atlas.add_font_from_file_ttf(str(roboto / "Roboto-Bold.ttf"), TEXT_SIZE)
    icons = atlas.add_font_from_file_ttf(
        str(_FONTS / "Font_Awesome_6_Free-Solid-900.otf"), ICON_SIZE
    )
    style = imgui.get_style()
    style.window_rounding = style.child_rounding = 0
    style.frame_rounding = style.popup_rounding = style.grab_rounding = 8
    style.scrollbar_rounding = 6
    style.scrollbar_size = 8
    style.window_border_size = style.frame_border_size = style.child_border_size = 0
    style.window_padding = ImVec2(16, 14)
    style.frame_padding = ImVec2(10, 6)
    style.item_spacing = ImVec2(6, 6)
    colors = {
        imgui.Col_.window_bg: PALETTE.panel,
        imgui.Col_.child_bg: _color("000000", 0),
        imgui.Col_.popup_bg: PALETTE.raised,
        imgui.Col_.text: PALETTE.text,
        imgui.Col_.text_disabled: PALETTE.muted,
        imgui.Col_.frame_bg: PALETTE.raised,
        imgui.Col_.frame_bg_hovered: PALETTE.hover,
        imgui.Col_.frame_bg_active: PALETTE.hover,
        imgui.Col_.button: PALETTE.raised,
        imgui.Col_.button_hovered: PALETTE.hover,
        imgui.Col_.button_active: PALETTE.hover,
        imgui.Col_.header: _color("000000", 0),
        imgui.Col_.header_hovered: PALETTE.raised,
        imgui.Col_.header_active: PALETTE.raised,
        imgui.Col_.check_mark: PALETTE.accent,
        imgui.Col_.checkbox_selected_bg: PALETTE.raised,
        imgui.Col_.separator: PALETTE.line,
        imgui.Col_.scrollbar_bg: _color("000000", 0),
        imgui.Col_.scrollbar_grab: PALETTE.hover,
        imgui.Col_.scrollbar_grab_hovered: _color("3a3e45"),
        imgui.Col_.text_selected_bg: _color("f0b27a", 0.35),
        imgui.Col_.nav_cursor: PALETTE.accent,
    }
    for place, color in colors.items():
        style.set_color_(int(place), color)
    return Fonts(text=text, bold=bold, icons=icons)
