"""Visemes in time to curves of the mouth, each sound coloured by those around it.

Dominance functions (Cohen and Massaro 1993): every sound pulls on every curve with a strength that
dies away before and after it, and a curve is the average so weighted. Jaw and lips have strengths
of their own, as in JALI (Edwards et al. 2016): tongue sounds leave the lips to their neighbours,
rounded sounds take them early.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from avatar.core.arkit import ARKIT_INDEX
from avatar.speech.mouth_shapes import JAW, shape_table
from avatar.speech.styles import Style
from avatar.speech.visemes import VISEME_INDEX, Segment

LEAD = 0.05
"""Seconds by which the mouth is ahead of the sound: lips must be there when it starts."""

_BRIDGED = 0.12
"""Pauses shorter than this are none: the mouth goes on to the next sound."""

_REACH = 0.6
_SHORT = 0.07
_REST = 0.02
_TAIL = 0.25


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


def coarticulate(
    segments: Sequence[Segment], times: Float[np.ndarray, " frames"], style: Style
) -> Float[np.ndarray, "frames 52"]:
    """Return the mouth's coefficients at rising `times`, before loudness and closures.

    Memory and time grow with the frames and with the segments, not with their product.
    """
    shapes = shape_table()
    jaw = ARKIT_INDEX[JAW]
    total = np.zeros((len(times), shapes.shape[1]), np.float32)
    lips_weight = np.full(len(times), _REST, np.float32)
    jaw_weight = np.full(len(times), _REST, np.float32)
    for segment in bridged(segments):
        own = _DOMINANCES[segment.viseme]
        start = segment.start - LEAD
        end = max(start + 0.02, segment.end - LEAD - _TAIL * segment.seconds)
        first, stop = np.searchsorted(times, (start - _REACH, end + _REACH))
        pull = _pull(times[first:stop], start, end, own, style.hold)
        pull = pull * min(1.0, 0.5 + 0.5 * segment.seconds / _SHORT)
        shape = shapes[VISEME_INDEX[segment.viseme]]
        rows = slice(first, stop)
        total[rows] += (pull * own.lips)[:, None] * shape
        total[rows, jaw] += pull * (own.jaw - own.lips) * shape[jaw]
        lips_weight[rows] += pull * own.lips
        jaw_weight[rows] += pull * own.jaw
    curves = total / lips_weight[:, None]
    curves[:, jaw] = total[:, jaw] / jaw_weight
    curves *= style.lips
    curves[:, jaw] *= style.jaw / style.lips
    return curves.clip(0, 1)


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


def _pull(
    times: np.ndarray, start: float, end: float, own: _Dominance, hold: float
) -> Float[np.ndarray, " frames"]:
    before = np.maximum(start - times, 0) / (own.rise * hold)
    after = np.maximum(times - end, 0) / (own.fall * hold)
    return np.exp(-(before + after)).astype(np.float32)
