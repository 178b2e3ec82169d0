"""What the page's stage shares with every other one, as TypeScript: `viewers.stage` in numbers."""

import json
from dataclasses import asdict, fields, is_dataclass
from typing import Any, get_args

import torch

from avatar.core.harmonics import light_from_radiance, radiance_from_directions, sh_basis
from avatar.core.material import LUMINANCE
from avatar.core.splats import DIMMEST, DISPLAY_GAMMA, LIGHT_SHARE
from avatar.render.frame_head import CHIN, PORTRAIT_FOV
from avatar.render.light import Light
from avatar.render.panorama_light import FACE_LIGHT
from avatar.render.relight_splats import ALBEDO, BRIGHTEST
from avatar.render.tone import SHOULDER
from viewers.server.formats import TEXTURE_SIZES
from viewers.server.media_types import SUFFIXES
from viewers.stage import backdrops, face, framings, lighting, looks, rooms, sliders

_PLACES = 3
"""Decimals that computed light is told with: the same on every machine."""


def tables() -> str:
    """Return the file's text."""
    settings = lighting.Lighting()
    light_names = {name: lighting.LIGHTS[name] for name in rooms.ROOMS}
    constants: dict[str, Any] = {
        # The camera.
        "FIELD_OF_VIEW": PORTRAIT_FOV,
        "CHIN": CHIN,
        "NEAREST": framings.NEAREST,
        "FARTHEST": framings.FARTHEST,
        "STEEPEST": framings.STEEPEST,
        "UPRIGHT": framings.UPRIGHT,
        "PITCH": framings.PITCH,
        "ROOM_AROUND": framings.ROOM,
        # The face.
        "NECK_SHARE": face.NECK_SHARE,
        "MOST_YAW": face.MOST_YAW,
        "MOST_PITCH": face.MOST_PITCH,
        "MOST_ROLL": face.MOST_ROLL,
        # Light.
        "KEY_COLOR": rooms.KEY_COLOR,
        "KEY_SIDE": settings.key_side,
        "KEY_HEIGHT": settings.key_height,
        "DIMMEST": DIMMEST,
        "DISPLAY_GAMMA": DISPLAY_GAMMA,
        "LIGHT_SHARE": LIGHT_SHARE,
        "ALBEDO": ALBEDO,
        "BRIGHTEST": BRIGHTEST,
        "SHOULDER": SHOULDER,
        "FACE_LIGHT": FACE_LIGHT,
        "LUMINANCE": LUMINANCE,
        "HARMONIC_GAINS": _harmonic_gains(),
        # Files.
        "TEXTURE_SIZES": TEXTURE_SIZES,
    }
    parts = [
        f"export const {name} = {_value(value)}{' as const' if isinstance(value, tuple) else ''};\n"
        for name, value in constants.items()
    ]
    records = (framings.Framing, rooms.Panel, rooms.Room, backdrops.Backdrop)
    return "\n".join(
        [
            "".join(parts),
            *(_interface(record) for record in records),
            _table("FramingName", "FRAMINGS", "Framing", framings.FRAMINGS),
            _table("Look", "LOOKS", "string", looks.LOOKS),
            _table("RoomName", "ROOMS", "Room", rooms.ROOMS),
            _table(None, "ROOM_TITLES", "string", light_names, key="RoomName"),
            _LIGHT,
            _table(None, "ROOM_LIGHTS", "PlainLight", _room_lights(), key="RoomName"),
            _table("BackdropName", "BACKDROPS", "Backdrop", backdrops.BACKDROPS),
            _SLIDERS
            + f"export const SLIDER_GROUPS: readonly SliderGroup[] = {_rows(_groups())};\n",
            _table(None, "SUFFIXES", "readonly string[]", SUFFIXES, key="UploadKind"),
        ]
    )


_LIGHT = """/** Light as `avatar.render.light` has it: nine harmonics of irradiance, and lamps. */
export interface PlainLight {
  readonly environment: readonly (readonly number[])[];
  readonly lamps: readonly { readonly direction: Triple; readonly color: Triple }[];
}
"""

_SLIDERS = """export interface Slider {
  readonly name: (typeof ARKIT_NAMES)[number];
  readonly title: string;
  /** The other side's, which moves along. */
  readonly partner: string | null;
}

export interface SliderGroup {
  readonly title: string;
  readonly open: boolean;
  readonly sliders: readonly Slider[];
}

"""


def _harmonic_gains() -> tuple[float, ...]:
    """Return what a ray's polynomials are multiplied by to add up to irradiance over pi."""
    ray = torch.nn.functional.normalize(torch.tensor([[0.3, 0.5, 0.8]]), dim=1)
    light = light_from_radiance(radiance_from_directions(ray, torch.ones(1, 3), torch.ones(1)))
    return tuple((light[:, 0] / sh_basis(ray)[0]).tolist())


def _room_lights() -> dict[str, Any]:
    return {name: _plain(rooms.room_light(room)) for name, room in rooms.ROOMS.items()}


def _plain(light: Light) -> dict[str, Any]:
    return {
        "environment": [_rounded(row) for row in light.environment.tolist()],
        "lamps": [
            {"direction": _rounded(lamp.direction.tolist()), "color": _rounded(lamp.color)}
            for lamp in light.lamps
        ],
    }


def _rounded(values: Any) -> list[float]:  # noqa: ANN401 - any row of numbers
    # Nothing is added to zero but a sign it may have had.
    return [round(value, _PLACES) + 0.0 for value in values]


def _groups() -> list[dict[str, Any]]:
    return [
        {
            "title": group.title,
            "open": group.open,
            "sliders": [
                {"name": n, "title": sliders.readable(n), "partner": sliders.partner(n)}
                for n in group.names
            ],
        }
        for group in sliders.slider_groups()
    ]


def _table(
    keys: str | None, name: str, kind: str, table: dict[Any, Any], *, key: str | None = None
) -> str:
    """Return a constant that maps names; `keys` declares their type, `key` names one declared."""
    declared = f"export type {keys} = {' | '.join(_quoted(k) for k in table)};\n" if keys else ""
    rows = "".join(f"  {k}: {_value(v)},\n" for k, v in table.items())
    return (
        f"{declared}export const {name}: Readonly<Record<{keys or key}, {kind}>> = {{\n{rows}}};\n"
    )


def _rows(values: list[Any]) -> str:
    return "[\n" + "".join(f"  {_value(value)},\n" for value in values) + "]"


def _value(value: Any) -> str:  # noqa: ANN401 - whatever a table holds
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return f"{value:.5g}"
    return json.dumps(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "\\'") + "'"


def _interface(record: type[Any]) -> str:
    summary = (record.__doc__ or "").split("\n", 1)[0]
    rows = "".join(f"  readonly {f.name}: {_type(f.type)};\n" for f in fields(record))
    return f"/** {summary} */\nexport interface {record.__name__} {{\n{rows}}}\n"


def _type(kind: Any) -> str:  # noqa: ANN401 - any annotation
    if kind in _TYPES:
        return _TYPES[kind]
    return f"readonly {get_args(kind)[0].__name__}[]"


_TYPES: dict[Any, str] = {
    float: "number",
    bool: "boolean",
    float | None: "number | null",
    tuple[float, float]: "readonly [number, number]",
    rooms.Triple: "Triple",
}
