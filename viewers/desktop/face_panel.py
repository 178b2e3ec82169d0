"""The face by hand: presets, head and gaze, and the 52 sliders in groups with search."""

from imgui_bundle import ImVec2, imgui

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.speech.emotions import EMOTIONS
from avatar.speech.mouth_shapes import MOUTH_SHAPES, spread
from viewers.desktop.desk import Desk
from viewers.desktop.theme import PALETTE, REDO, RESET, UNDO, Fonts
from viewers.desktop.widgets import Range, chip, heading, icon_button, pad, slider, stay_on_line
from viewers.stage.face import MOST_PITCH, MOST_ROLL, MOST_YAW, STILL, Pose
from viewers.stage.sliders import matches, partner, readable, slider_groups

_SIGNED = Range(low=-1, high=1, text=lambda value: f"{value + 0.0:.2f}")


class FacePanel:
    """Shows the face's controls, and what was searched for."""

    def __init__(self, desk: Desk, fonts: Fonts) -> None:
        self._desk, self._fonts = desk, fonts
        self._search = ""
        self._linked = True
        self._groups = slider_groups()

    def show(self) -> None:
        """Show the panel and do what is asked."""
        self._history()
        heading("Emotions", self._fonts)
        self._presets(EMOTIONS)
        heading("Mouth shapes", self._fonts)
        self._presets(MOUTH_SHAPES)
        heading("Head and gaze", self._fonts)
        self._pads()
        imgui.dummy(ImVec2(0, 4))
        self._sliders()

    def _history(self) -> None:
        face, desk = self._desk.face, self._desk
        buttons = imgui.get_content_region_avail().x - 3 * 30 - 2 * 6
        imgui.push_font(self._fonts.bold, 0)
        imgui.align_text_to_frame_padding()
        imgui.text("Expression")
        imgui.pop_font()
        imgui.same_line(buttons)
        if icon_button(UNDO, "Undo (Ctrl+Z)", self._fonts, enabled=face.can_undo):
            desk.take_over()
            face.undo()
        imgui.same_line()
        if icon_button(REDO, "Redo (Ctrl+Y)", self._fonts, enabled=face.can_redo):
            desk.take_over()
            face.redo()
        imgui.same_line()
        if icon_button(RESET, "Neutral face (R)", self._fonts):
            desk.take_over()
            face.take(STILL)

    def _presets(self, table: dict[str, dict[str, float]]) -> None:
        for place, (name, values) in enumerate(table.items()):
            label = name.replace("_", " ").capitalize()
            if place > 0:
                stay_on_line(label)
            if chip(label):
                weights = tuple(float(value) for value in spread(values))
                self._desk.take_over()
                now = self._desk.face.pose
                self._desk.face.take(Pose(weights=weights).turned(now.pitch, now.yaw, now.roll))

    def _pads(self) -> None:
        pose = self._desk.stage.pose
        side = (imgui.get_content_region_avail().x - 8) / 2
        moved = pad("Head", pose.yaw / MOST_YAW, -pose.pitch / MOST_PITCH, side)
        if moved is not None:
            x, y = moved[0].value, moved[1].value
            self._take(pose.turned(-y * MOST_PITCH, x * MOST_YAW, pose.roll), done=moved[0].done)
        imgui.same_line(0, 8)
        right, up = pose.gaze
        looked = pad("Gaze", right, up, side)
        if looked is not None:
            self._take(pose.looking(looked[0].value, looked[1].value), done=looked[0].done)
        tilted = slider("Tilt", 0.0 - pose.roll / MOST_ROLL, _SIGNED)
        if tilted is not None:
            roll = -tilted.value * MOST_ROLL
            self._take(pose.turned(pose.pitch, pose.yaw, roll), done=tilted.done)

    def _sliders(self) -> None:
        imgui.set_next_item_width(imgui.get_content_region_avail().x - 76)
        hint = f"Search {len(ARKIT_NAMES)} sliders"
        _, self._search = imgui.input_text_with_hint("##search", hint, self._search)
        imgui.same_line(0, 10)
        _, self._linked = imgui.checkbox("L = R", self._linked)
        imgui.set_item_tooltip("Move left and right together")
        found = False
        for group in self._groups:
            names = [name for name in group.names if matches(name, self._search)]
            if not names:
                continue
            found = True
            if self._search:
                imgui.set_next_item_open(is_open=True)
            else:
                imgui.set_next_item_open(group.open, imgui.Cond_.once)
            imgui.push_font(self._fonts.bold, 0)
            unfolded = imgui.collapsing_header(group.title)
            imgui.pop_font()
            if unfolded:
                for name in names:
                    self._row(name)
        if not found:
            imgui.text_colored(PALETTE.muted, "No slider has this name.")

    def _row(self, name: str) -> None:
        pose = self._desk.stage.pose
        change = slider(readable(name), pose.weights[ARKIT_INDEX[name]])
        if change is None:
            return
        values = {name: change.value}
        other = partner(name) if self._linked else None
        if other is not None:
            values[other] = change.value
        self._take(pose.with_weights(values), done=change.done)

    def _take(self, pose: Pose, *, done: bool) -> None:
        self._desk.take_over()
        self._desk.face.pose = pose
        if done:
            self._desk.face.commit()
