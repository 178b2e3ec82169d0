"""What a video must show for an avatar to be learned from it, and what is told of the rest."""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from avatar.capture.follow_face import FaceTrace
from avatar.core.errors import VideoError

LEAST_SECONDS = 1.0
LEAST_SEEN = 0.5
"""Share of the frames that must show the face."""

LEAST_CHANGE = 0.02
"""Mean spread of the coefficients below which a face does not change."""

MOST_DRIFT = 0.06
"""Median change of the background's brightness, of 1, from which the camera is said to move."""


def too_short(name: str, length: float) -> VideoError:
    """Return what is said of a video of `length` seconds."""
    return VideoError(
        f"{name}: expected at least {LEAST_SECONDS:g} s to learn from, got {length:.2f} s"
    )


def check_length(name: str, times: tuple[float, ...], traces: tuple[FaceTrace | None, ...]) -> None:
    """Refuse a video that is too short, or shows the face too seldom; VideoError says so."""
    if not times or times[-1] < LEAST_SECONDS:
        raise too_short(name, times[-1] if times else 0.0)
    seen = sum(trace is not None for trace in traces) / len(traces)
    if 0 < seen < LEAST_SEEN:
        raise VideoError(
            f"{name}: the face is seen in {seen:.0%} of the frames, expected {LEAST_SEEN:.0%} or "
            "more; cut the video to where it is seen"
        )


def stillness_warnings(name: str, weights: Float[Tensor, "frames 52"]) -> list[str]:
    """Warn when the face hardly changes."""
    change = float(weights.std(0, correction=0).mean())
    if change >= LEAST_CHANGE:
        return []
    return [
        f"{name}: the expression hardly changes; the avatar's face will move as the mesh "
        "does, without the person's own wrinkles: film someone who talks"
    ]


def camera_warnings(
    pictures: UInt8[Tensor, "frames height width 3"], mattes: UInt8[Tensor, "frames height width"]
) -> list[str]:
    """Warn when what lies behind the person moves."""
    chosen = torch.linspace(0, len(pictures) - 1, min(len(pictures), 24)).long()
    behind = (mattes[chosen].amax(0) < 10)[::4, ::4]
    if int(behind.sum()) < 200:
        return []
    grey = pictures[chosen][:, ::4, ::4].float().mean(-1)[:, behind] / 255
    drift = float((grey - grey.median(0).values).abs().mean(1).median())
    if drift < MOST_DRIFT:
        return []
    return [
        "the background moves: the camera seems not to stand still, so shoulders will be blurred; "
        "put it on a stand"
    ]
