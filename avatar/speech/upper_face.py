"""What eyes and brows do while somebody talks: blinks, glances, accents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES

_BLINK_EVERY = 3.4
_BLINK_SHORTEST = 0.7
_CLOSING, _SHUT, _OPENING = 0.07, 0.03, 0.14
_AT_PAUSE = 0.5

_GLANCE_EVERY = 1.6
_GLANCE_TIME = 0.05
_SIDEWAYS, _UPWARDS = 0.10, 0.05

_ACCENT_TONES = 2.0
_ACCENT_TIME = 0.22


@dataclass(frozen=True, kw_only=True)
class Speech:
    """What the rest of the face goes by, one value a frame of the clip.

    `loudness` is 0 at the usual level and about 1 in the loudest words, `pitch` in semitones from
    the median, `speaking` 1 while somebody talks; `pauses` are the times at which phrases end.
    """

    times: Float[np.ndarray, " frames"]
    loudness: Float[np.ndarray, " frames"]
    pitch: Float[np.ndarray, " frames"]
    speaking: Float[np.ndarray, " frames"]
    pauses: tuple[float, ...]


def add_blinks(
    weights: Float[np.ndarray, "frames 52"], speech: Speech, draw: np.random.Generator
) -> None:
    """Close the lids now and then, often where a phrase ends, as people do."""
    lids = [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]
    for start in _blink_times(speech, draw):
        shut, opened = start + _CLOSING, start + _CLOSING + _SHUT + _OPENING
        first, stop = np.searchsorted(speech.times, (start, opened))
        near = speech.times[first:stop]
        down = _eased((near - start) / _CLOSING)
        up = _eased((opened - near) / _OPENING)
        lid = np.where(near < shut + _SHUT, down, np.minimum(down, up))
        for side in lids:
            weights[first:stop, side] = np.maximum(weights[first:stop, side], lid)


def _blink_times(speech: Speech, draw: np.random.Generator) -> Sequence[float]:
    end = float(speech.times[-1]) if len(speech.times) else 0.0
    times: list[float] = []
    at = float(draw.uniform(0.4, _BLINK_EVERY))
    while at < end:
        times.append(at)
        at += _BLINK_SHORTEST + float(draw.exponential(_BLINK_EVERY - _BLINK_SHORTEST))
    times += [pause for pause in speech.pauses if draw.random() < _AT_PAUSE]
    kept: list[float] = []
    for at in sorted(times):
        if not kept or at - kept[-1] > _BLINK_SHORTEST:
            kept.append(at)
    return kept


def add_glances(
    weights: Float[np.ndarray, "frames 52"], speech: Speech, draw: np.random.Generator
) -> None:
    """Let both eyes jump a few degrees around the camera and stay there for a while."""
    frames = len(speech.times)
    sideways, upwards = np.zeros(frames), np.zeros(frames)
    at, held = 0.0, (0.0, 0.0)
    end = float(speech.times[-1]) if frames else 0.0
    while at < end:
        stay = 0.3 + float(draw.exponential(_GLANCE_EVERY))
        # Most looks return to the listener.
        home = draw.random() < 0.5
        aim = (0.0, 0.0) if home else (draw.normal(0, _SIDEWAYS), draw.normal(0, _UPWARDS))
        first, stop = np.searchsorted(speech.times, (at, at + stay))
        moved = _eased((speech.times[first:stop] - at) / _GLANCE_TIME)
        sideways[first:stop] = held[0] + moved * (aim[0] - held[0])
        upwards[first:stop] = held[1] + moved * (aim[1] - held[1])
        at, held = at + stay, (float(aim[0]), float(aim[1]))
    left, right = np.maximum(sideways, 0), np.maximum(-sideways, 0)
    _add(weights, {"eyeLookOutLeft": left, "eyeLookInRight": left})
    _add(weights, {"eyeLookInLeft": right, "eyeLookOutRight": right})
    for side in ("Left", "Right"):
        _add(weights, {f"eyeLookUp{side}": np.maximum(upwards, 0)})
        _add(weights, {f"eyeLookDown{side}": np.maximum(-upwards, 0)})


def accents(speech: Speech, draw: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Return (time, strength) of the words that stand out by pitch and loudness."""
    prominence = speech.pitch / _ACCENT_TONES + speech.loudness
    prominence = np.where(speech.speaking > 0.5, prominence, -1.0)
    peaks = (prominence[1:-1] > prominence[:-2]) & (prominence[1:-1] >= prominence[2:])
    found: list[tuple[float, float]] = []
    for frame in (np.flatnonzero(peaks & (prominence[1:-1] > 0.9)) + 1).tolist():
        at = float(speech.times[frame])
        if (not found or at - found[-1][0] > 0.45) and draw.random() < 0.75:
            found.append((at, float(min(prominence[frame] / 2, 1.0))))
    return tuple(found)


def add_brows(
    weights: Float[np.ndarray, "frames 52"],
    speech: Speech,
    marks: tuple[tuple[float, float], ...],
    amount: float,
) -> None:
    """Raise the brows a little on accents, and let them float with the pitch."""
    lift = 0.05 * np.clip(speech.pitch / 4, 0, 1) * speech.speaking
    for at, strength in marks:
        lift += 0.28 * strength * np.exp(-(((speech.times - at) / _ACCENT_TIME) ** 2))
    lift = np.clip(lift * amount, 0, 0.7)
    _add(weights, {"browInnerUp": lift, "browOuterUpLeft": lift, "browOuterUpRight": 0.9 * lift})


def _add(weights: np.ndarray, curves: dict[str, np.ndarray]) -> None:
    for name, curve in curves.items():
        weights[:, ARKIT_INDEX[name]] += curve
    assert weights.shape[1] == len(ARKIT_NAMES)


def _eased(phase: np.ndarray) -> np.ndarray:
    phase = np.clip(phase, 0, 1)
    return phase * phase * (3 - 2 * phase)
