"""Emotions as layers over speech: a face that is kept while the mouth talks."""

from functools import cache

import numpy as np
from jaxtyping import Float

from avatar.speech.mouth_shapes import spread

EMOTIONS: dict[str, dict[str, float]] = {
    "joy": {
        "mouthSmile": 0.55,
        "cheekSquint": 0.45,
        "eyeSquint": 0.2,
        "mouthDimple": 0.15,
        "browOuterUp": 0.1,
    },
    "anger": {
        "browDown": 0.8,
        "noseSneer": 0.35,
        "eyeSquint": 0.3,
        "mouthFrown": 0.25,
        "mouthPress": 0.15,
        "jawForward": 0.1,
    },
    "sadness": {
        "browInnerUp": 0.7,
        "mouthFrown": 0.45,
        "mouthShrugLower": 0.2,
        "eyeSquint": 0.15,
        "eyeLookDown": 0.1,
    },
    "fear": {"browInnerUp": 0.7, "browOuterUp": 0.3, "eyeWide": 0.6, "mouthStretch": 0.35},
    "surprise": {"browInnerUp": 0.6, "browOuterUp": 0.6, "eyeWide": 0.5},
    "disgust": {"noseSneer": 0.7, "mouthUpperUp": 0.2, "browDown": 0.4, "mouthFrown": 0.2},
}
"""Coefficients at full strength, by the six basic emotions of Ekman (1992)."""


def emotion_layer(
    name: str, amount: float, loudness: Float[np.ndarray, " frames"]
) -> Float[np.ndarray, "frames 52"]:
    """Return the layer: there all the time, stronger in loud words (`loudness` around 0)."""
    layer = _face(name) * np.float32(amount)
    return layer * (1 + 0.25 * np.clip(loudness, -1, 1))[:, None].astype(np.float32)


@cache
def _face(name: str) -> Float[np.ndarray, "52"]:
    return spread(EMOTIONS.get(name, {}))
