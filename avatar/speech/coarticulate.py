"""Visemes in time to curves of the mouth, each sound coloured by those around it.

Dominance functions (Cohen and Massaro 1993): every sound pulls on every curve with a strength that
dies away before and after it, and a curve is the average so weighted. Jaw and lips have strengths
of their own, as in JALI (Edwards et al. 2016): tongue sounds leave the lips to their neighbours,
rounded sounds take them early.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from jaxtyping import Float

from avatar.core.arkit import ARKIT_INDEX
from avatar.speech.mouth_shapes import JAW, shape_table
from avatar.speech.styles import Style
from avatar.speech.visemes import VISEME_INDEX, VISEMES, Segment

LEAD = 0.05
"""Seconds by which the mouth is ahead of the sound: lips must be there when it starts."""

_BRIDGED = 0.12
"""Pauses shorter than this are none: the mouth goes on to the next sound."""

_REACH = 0.6
_SHORT = 0.07
_REST = 0.02
_TAIL = 0.25
_PART = 256


@dataclass(frozen=True, kw_only=True)
class _Dominance:
    """Strength on the lips and on the jaw, and seconds in which it rises and falls by e."""

    lips: float
    jaw: float
    rise: float
    fall: float


_DOMINANCES: dict[str, _Dominance] = {
    "silence": _Dominance(lips=0.5, jaw=0.6, rise=0.07, fall=0.07),
    "closed": _Dominance(lips=4.0, jaw=1.3, rise=0.03, fall=0.025),
    "teeth_on_lip": _Dominance(lips=3.0, jaw=1.3, rise=0.035, fall=0.03),
    "tongue_between_teeth": _Dominance(lips=1.0, jaw=0.9, rise=0.035, fall=0.035),
    "tongue_tip": _Dominance(lips=0.3, jaw=0.7, rise=0.03, fall=0.03),
    "tongue_back": _Dominance(lips=0.15, jaw=0.45, rise=0.03, fall=0.03),
    "hiss": _Dominance(lips=0.8, jaw=1.5, rise=0.03, fall=0.03),
    "hush": _Dominance(lips=1.8, jaw=1.4, rise=0.06, fall=0.05),
    "r": _Dominance(lips=0.9, jaw=0.7, rise=0.045, fall=0.04),
    "oo": _Dominance(lips=2.0, jaw=1.0, rise=0.075, fall=0.05),
    "o": _Dominance(lips=1.5, jaw=1.2, rise=0.06, fall=0.05),
    "ah": _Dominance(lips=1.0, jaw=1.6, rise=0.05, fall=0.05),
    "eh": _Dominance(lips=0.8, jaw=1.2, rise=0.045, fall=0.045),
    "ee": _Dominance(lips=1.1, jaw=1.1, rise=0.045, fall=0.045),
}


@dataclass(frozen=True, kw_only=True)
class _Sounds:
    """The sounds in order: when each pulls, how fast that rises and falls, how hard, to what."""

    start: Float[np.ndarray, " sounds"]
    end: Float[np.ndarray, " sounds"]
    rise: Float[np.ndarray, " sounds"]
    fall: Float[np.ndarray, " sounds"]
    lips: Float[np.ndarray, " sounds"]
    jaw: Float[np.ndarray, " sounds"]
    shapes: Float[np.ndarray, "sounds 52"]


@cache
def _dominance_table() -> Float[np.ndarray, "4 14"]:
    """Return strength on lips and jaw, rise and fall of all visemes, in their order."""
    own = [_DOMINANCES[name] for name in VISEMES]
    return np.array([(d.lips, d.jaw, d.rise, d.fall) for d in own]).T


def coarticulate(
    segments: Sequence[Segment], times: Float[np.ndarray, " frames"], style: Style
) -> Float[np.ndarray, "frames 52"]:
    """Return the mouth's coefficients at rising `times`, before loudness and closures.

    Memory and time grow with the frames and with the segments, not with their product.
    """
    sounds = _pulling(bridged(segments), style.hold)
    parts = [
        _blended(sounds, times[start : start + _PART]) for start in range(0, len(times), _PART)
    ]
    curves = np.concatenate(parts) if parts else np.zeros((0, shape_table().shape[1]), np.float32)
    curves *= style.lips
    curves[:, ARKIT_INDEX[JAW]] *= style.jaw / style.lips
    return curves.clip(0, 1)


def _pulling(segments: Sequence[Segment], hold: float) -> _Sounds:
    """Return what the segments pull with, and when."""
    visemes = [VISEME_INDEX[segment.viseme] for segment in segments]
    start, stop = np.array([(s.start, s.end) for s in segments]).reshape(-1, 2).T
    seconds = stop - start
    lips, jaw, rise, fall = _dominance_table()[:, visemes]
    strength = np.minimum(1.0, 0.5 + 0.5 * seconds / _SHORT)
    return _Sounds(
        start=start - LEAD,
        end=np.maximum(start - LEAD + 0.02, stop - LEAD - _TAIL * seconds),
        rise=rise * hold,
        fall=fall * hold,
        lips=strength * lips,
        jaw=strength * jaw,
        shapes=shape_table()[visemes],
    )


def _blended(sounds: _Sounds, times: np.ndarray) -> Float[np.ndarray, "frames 52"]:
    """Return the averages at some times, of the sounds that reach so far."""
    first = int(np.searchsorted(sounds.end, times[0] - _REACH))
    stop = int(np.searchsorted(sounds.start, times[-1] + _REACH, side="right"))
    some, moments = slice(first, stop), times[:, None]
    before, after = sounds.start[some] - moments, moments - sounds.end[some]
    late = np.maximum(before, 0) / sounds.rise[some] + np.maximum(after, 0) / sounds.fall[some]
    pull = np.exp(-late) * (np.maximum(before, after) <= _REACH)
    lips, jaws = pull * sounds.lips[some], pull * sounds.jaw[some]
    shapes, jaw = sounds.shapes[some], ARKIT_INDEX[JAW]
    curves = (lips @ shapes) / (_REST + lips.sum(1, keepdims=True))
    curves[:, jaw] = (jaws @ shapes[:, jaw]) / (_REST + jaws.sum(1))
    return curves.astype(np.float32)


def bridged(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments without pauses too short for a mouth; what is before them lasts on.

    A sound cut off right after its last word leaves the mouth no time to close either.
    """
    kept: list[Segment] = []
    for segment in segments:
        if segment.viseme == "silence" and segment.seconds < _BRIDGED and kept:
            kept[-1] = replace(kept[-1], end=segment.end)
        else:
            kept.append(segment)
    return tuple(kept)
