"""The shape of the mouth in each viseme, as ARKit coefficients.

Designed on the default head and judged on renders, not fitted to anybody. A name without side
stands for both. They are the aims of clear speech: co-articulation takes what it does not reach.
"""

from functools import cache

import numpy as np
from jaxtyping import Float

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.speech.visemes import VISEMES

JAW = "jawOpen"

MOUTH_SHAPES: dict[str, dict[str, float]] = {
    "silence": {JAW: 0.02},
    "closed": {
        JAW: 0.05,
        "mouthClose": 0.05,
        "mouthPress": 0.22,
        "mouthRollLower": 0.18,
        "mouthRollUpper": 0.12,
    },
    "teeth_on_lip": {
        JAW: 0.09,
        "mouthRollLower": 0.55,
        "mouthUpperUp": 0.30,
        "mouthShrugLower": 0.15,
        "mouthStretch": 0.05,
    },
    "tongue_between_teeth": {
        JAW: 0.08,
        "tongueOut": 0.36,
        "mouthLowerDown": 0.15,
        "mouthUpperUp": 0.30,
    },
    "tongue_tip": {
        JAW: 0.15,
        "mouthLowerDown": 0.25,
        "mouthUpperUp": 0.12,
        "mouthStretch": 0.08,
    },
    "tongue_back": {JAW: 0.18, "mouthLowerDown": 0.18, "mouthUpperUp": 0.10},
    "hiss": {
        JAW: 0.06,
        "mouthLowerDown": 0.38,
        "mouthUpperUp": 0.20,
        "mouthStretch": 0.25,
        "mouthSmile": 0.10,
    },
    "hush": {
        JAW: 0.08,
        "mouthFunnel": 0.38,
        "mouthPucker": 0.55,
        "mouthLowerDown": 0.06,
        "mouthUpperUp": 0.15,
    },
    "r": {JAW: 0.13, "mouthPucker": 0.55, "mouthFunnel": 0.18, "mouthLowerDown": 0.05},
    "oo": {JAW: 0.11, "mouthPucker": 1.0, "mouthFunnel": 0.12},
    "o": {JAW: 0.26, "mouthFunnel": 0.28, "mouthPucker": 0.60},
    "ah": {JAW: 0.36, "mouthLowerDown": 0.14, "mouthUpperUp": 0.18, "mouthStretch": 0.06},
    "eh": {
        JAW: 0.22,
        "mouthLowerDown": 0.16,
        "mouthUpperUp": 0.16,
        "mouthStretch": 0.16,
        "mouthSmile": 0.08,
    },
    "ee": {
        JAW: 0.11,
        "mouthLowerDown": 0.28,
        "mouthUpperUp": 0.16,
        "mouthStretch": 0.28,
        "mouthSmile": 0.30,
    },
}


def spread(values: dict[str, float]) -> Float[np.ndarray, "52"]:
    """Return the 52 coefficients of named values; a name without side sets both sides."""
    row = np.zeros(len(ARKIT_NAMES), np.float32)
    for name, value in values.items():
        sides = [name] if name in ARKIT_INDEX else [f"{name}Left", f"{name}Right"]
        for side in sides:
            row[ARKIT_INDEX[side]] = value
    return row


@cache
def shape_table() -> Float[np.ndarray, "14 52"]:
    """Return the coefficients of all visemes, in the order of `VISEMES`; not to be written to."""
    table = np.stack([spread(MOUTH_SHAPES[name]) for name in VISEMES])
    table.setflags(write=False)
    return table
