"""The expressions a preview shows."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A named mix of ARKit coefficients."""

    label: str
    weights: tuple[tuple[str, float], ...] = ()

    def coefficients(self, like: Tensor) -> Float[Tensor, "52"]:
        """Return the 52 coefficients on the device and of the dtype of `like`."""
        coefficients = torch.zeros(52, device=like.device, dtype=like.dtype)
        for name, weight in self.weights:
            coefficients[ARKIT_INDEX[name]] = weight
        return coefficients


def _both(name: str, weight: float) -> tuple[tuple[str, float], ...]:
    return ((f"{name}Left", weight), (f"{name}Right", weight))


PREVIEW_EXPRESSIONS: tuple[Expression, ...] = (
    Expression(label="neutral"),
    Expression(
        label="smile",
        weights=(
            *_both("mouthSmile", 0.85),
            *_both("cheekSquint", 0.5),
            *_both("eyeSquint", 0.3),
            *_both("mouthUpperUp", 0.15),
            *_both("mouthLowerDown", 0.1),
        ),
    ),
    Expression(label="jaw open", weights=(("jawOpen", 0.8),)),
    Expression(label="blink", weights=_both("eyeBlink", 1.0)),
    Expression(
        label="surprise",
        weights=(
            ("browInnerUp", 0.9),
            *_both("browOuterUp", 0.8),
            *_both("eyeWide", 0.7),
            ("jawOpen", 0.3),
        ),
    ),
    Expression(label="pucker", weights=(("mouthPucker", 0.9), ("mouthFunnel", 0.15))),
    Expression(
        label="frown",
        weights=(
            *_both("browDown", 0.9),
            *_both("mouthFrown", 0.8),
            *_both("noseSneer", 0.4),
            *_both("eyeSquint", 0.4),
        ),
    ),
    Expression(
        label="look left",
        weights=(("eyeLookOutLeft", 0.8), ("eyeLookInRight", 0.8)),
    ),
)
"""Shown on every preview sheet, in this order."""
