"""How far a mouth is open, from the sounds and their loudness at once: the jaw's own way.

Filmed mouths follow this better than they follow the aims of single sounds: where the network is
unsure its doubt is kept, and loud words open further. The lips keep their shapes, and what must
close is closed afterwards.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from avatar.core.arkit import ARKIT_INDEX
from avatar.speech.lip_gauge import LipGauge
from avatar.speech.mouth_shapes import JAW
from avatar.speech.styles import Style
from avatar.speech.visemes import VISEME_INDEX, VISEMES, Segment, frames_of

OPENNESS: dict[str, float] = {
    "silence": 0.41,
    "closed": 0.27,
    "teeth_on_lip": 0.27,
    "tongue_between_teeth": 0.45,
    "tongue_tip": 0.45,
    "tongue_back": 0.58,
    "hiss": 0.40,
    "hush": 0.40,
    "r": 0.42,
    "oo": 0.38,
    "o": 0.43,
    "ah": 0.70,
    "eh": 0.52,
    "ee": 0.48,
}
"""Share of a speaker's range that the mouth is open; vowels, k, p and pauses measured on films."""

SMOOTH = 0.04
"""Seconds by which the openness is smoothed, one standard deviation."""

_SHUT = OPENNESS["closed"]
_BY_LOUDNESS = 0.06
_JAW_BY_OPENNESS = 0.91
_WIDEST = 0.7


@cache
def _table() -> Float[np.ndarray, "14"]:
    table = np.array([OPENNESS[name] for name in VISEMES], np.float32) - np.float32(_SHUT)
    # Filmed people leave their mouths open in pauses; on a head it looks stuck.
    table[VISEME_INDEX["silence"]] = 0
    return table


def openness_of_shares(shares: Float[np.ndarray, "*frames 14"]) -> Float[np.ndarray, "*frames"]:
    """Return the openness above shut lips, given how likely each viseme is; not smoothed."""
    return shares @ _table()


def heard_at(
    times: Float[np.ndarray, " frames"],
    openness: Float[np.ndarray, " heard"],
    known: float,
) -> Float[np.ndarray, " frames"]:
    """Return the smoothed openness at times near the end of what is heard, up to `known` seconds.

    Where the end cuts the smoothing off, what there is counts.
    """
    own = known - (np.arange(len(openness), 0, -1) - 0.5) / 100
    near = np.exp(-0.5 * ((times[:, None] - own) / SMOOTH) ** 2)
    return (near @ openness) / np.maximum(near.sum(1), 1e-6)


def openness_of_segments(segments: Sequence[Segment], frames: int) -> Float[np.ndarray, " frames"]:
    """Return the openness above shut lips, a hundred times a second; not smoothed."""
    return _table()[frames_of(segments, frames)]


def smooth_openness(openness: Float[np.ndarray, " frames"]) -> Float[np.ndarray, " frames"]:
    """Return it smoothed, of a hundred frames a second."""
    return gaussian_filter1d(openness, 100 * SMOOTH) if len(openness) else openness


def open_jaw(
    curves: Float[np.ndarray, "frames 52"],
    openness: Float[np.ndarray, " frames"],
    loudness: Float[np.ndarray, " frames"],
    style: Style,
    gauge: LipGauge,
) -> None:
    """Set the jaw, in place, so that the lips stand apart by the openness of each frame.

    `loudness` is 0 at the usual level and about 1 in the loudest words. How far the lips' own
    shapes part them is measured on the head's mesh and left to them.
    """
    jaw = ARKIT_INDEX[JAW]
    louder = _BY_LOUDNESS * style.loudness * loudness.clip(-1, 1)
    spoken = (openness / _BY_LOUDNESS).clip(0, 1)
    wanted = _JAW_BY_OPENNESS * style.jaw * np.maximum(openness + louder * spoken, 0)
    parted = gauge.opening(torch.from_numpy(curves)).numpy().clip(0) / gauge.by_jaw
    curves[:, jaw] = (curves[:, jaw] + wanted - parted).clip(0, _WIDEST)
