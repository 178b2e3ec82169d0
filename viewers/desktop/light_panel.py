"""The light, the way to look, and what lies behind."""

import math
from dataclasses import replace

from imgui_bundle import ImVec2, imgui

from viewers.desktop.desk import Desk
from viewers.desktop.theme import PALETTE, Fonts
from viewers.desktop.widgets import Range, choice, heading, slider
from viewers.stage.backdrops import BACKDROPS, BackdropName
from viewers.stage.lighting import LIGHTS, PORTRAIT
from viewers.stage.looks import LOOKS

_BACKDROPS: dict[BackdropName, str] = {name: name.capitalize() for name in BACKDROPS}


def _degrees(value: float) -> str:
    return f"{math.degrees(value):.0f}\u00b0"


_BRIGHTNESS = Range(high=3, rest=1, text="{:.2f}".format)
_TURN = Range(low=-math.pi, high=math.pi, text=_degrees)
_STRENGTH = Range(high=3, text="{:.2f}".format)
_SIDE = Range(low=-math.pi, high=math.pi, rest=-0.7, text=_degrees)
_HEIGHT = Range(low=-0.5, high=1.55, rest=0.6, text=_degrees)


class LightPanel:
    """Shows the controls of the stage."""

    def __init__(self, desk: Desk, fonts: Fonts) -> None:
        self._desk, self._fonts = desk, fonts

    def show(self) -> None:
        """Show the panel and do what is asked."""
        desk, settings = self._desk, self._desk.settings
        heading("Look", self._fonts)
        look = choice({look: LOOKS[look] for look in desk.stage.looks}, settings.look)
        if look is not None:
            desk.settings = replace(settings, look=look)
        heading("Environment", self._fonts)
        self._environment()
        splats = desk.stage.avatar.splats
        if settings.look == "splats" and splats is not None and splats.relighting is None:
            imgui.push_text_wrap_pos()
            imgui.text_colored(PALETTE.muted, "These splats keep the light they were filmed in.")
            imgui.pop_text_wrap_pos()
        imgui.dummy(ImVec2(0, 4))
        heading("Key light", self._fonts)
        self._knob("Strength", "key_strength", _STRENGTH)
        self._knob("Side", "key_side", _SIDE)
        self._knob("Height", "key_height", _HEIGHT)
        imgui.dummy(ImVec2(0, 4))
        heading("Background", self._fonts)
        backdrop = choice(_BACKDROPS, settings.backdrop)
        if backdrop is not None:
            desk.settings = replace(desk.settings, backdrop=backdrop)

    def _environment(self) -> None:
        lighting = self._desk.settings.lighting
        names = dict(LIGHTS)
        if self._desk.settings.look == "splats":
            names[PORTRAIT] = "As filmed"
        if lighting.own is not None:
            names["own"] = "Own"
        chosen = "own" if lighting.own is not None else lighting.room
        room = choice(names, chosen)
        if room is not None and room != "own":
            self._desk.set_lighting(replace(lighting, room=room, own=None))
        self._knob("Brightness", "brightness", _BRIGHTNESS)
        self._knob("Turn", "turn", _TURN)

    def _knob(self, title: str, field: str, limits: Range) -> None:
        lighting = self._desk.settings.lighting
        change = slider(title, getattr(lighting, field), limits)
        if change is not None:
            self._desk.set_lighting(replace(lighting, **{field: change.value}))
