"""How far a head's own lips stand apart in any expression, measured on its mesh."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.avatar import Avatar
from avatar.core.errors import ModelError

COLUMNS = (-0.5, -0.25, 0.0, 0.25, 0.5)
"""Where the gap is measured, as a share of the way from the middle of the mouth to its corner."""

_NEAR = 0.015
_LIPS = 0.006
_DEEPEST = 0.012
_INCISORS = 0.008


@dataclass(frozen=True, kw_only=True)
class _Edge:
    """Vertices one of which is a lip's edge: rest heights and how the coefficients move them."""

    rest: Float[Tensor, " points"]
    moves: Float[Tensor, "52 points"]

    def heights(self, weights: Float[Tensor, "frames 52"]) -> Float[Tensor, "frames points"]:
        return self.rest + weights @ self.moves


@dataclass(frozen=True, kw_only=True)
class LipGauge:
    """Measures a head's mouth; heights along the head's up axis, metres.

    `upper` and `lower` hold one edge a column of `COLUMNS`; `teeth` is the height of the upper
    incisors' edge, None where the avatar has no teeth.
    """

    upper: tuple[_Edge, ...]
    lower: tuple[_Edge, ...]
    teeth: float | None

    def gaps(self, weights: Float[Tensor, "frames 52"]) -> Float[Tensor, "frames columns"]:
        """Return how far the lips are apart in each column; negative where they overlap."""
        columns = [
            upper.heights(weights).amin(1) - lower.heights(weights).amax(1)
            for upper, lower in zip(self.upper, self.lower, strict=True)
        ]
        return torch.stack(columns, 1)

    def opening(self, weights: Float[Tensor, "frames 52"]) -> Float[Tensor, " frames"]:
        """Return the largest gap; at most 0 means that the lips are closed."""
        return self.gaps(weights).amax(1)

    def below_teeth(self, weights: Float[Tensor, "frames 52"]) -> Float[Tensor, " frames"]:
        """Return how far the lower lip's edge lies under the upper incisors' edge.

        At most 0 means that they meet; without teeth it is measured from the upper lip at rest.
        """
        middle = self.lower[len(COLUMNS) // 2].heights(weights).amax(1)
        return self._teeth_edge() - middle

    def _teeth_edge(self) -> float:
        if self.teeth is not None:
            return self.teeth
        return float(self.upper[len(COLUMNS) // 2].rest.amin())


def measure_lips(avatar: Avatar) -> LipGauge:
    """Return the gauge of an avatar, found by its lip landmarks and by what its jaw moves.

    Raises:
        ModelError: opening the jaw does not part the lips, so there is nothing to measure.
    """
    vertices = avatar.mesh.vertices.float().cpu()
    morphs = avatar.rig.morphs.float().cpu()
    lips = avatar.landmarks68.on(vertices)
    left, right = sorted((float(lips[48, 0]), float(lips[54, 0])))
    line = _mouth_line(lips)
    skin = torch.zeros(len(vertices), dtype=torch.bool)
    skin[avatar.mesh.part("skin").faces.reshape(-1)] = True
    drop = -morphs[ARKIT_INDEX["jawOpen"], :, 1]
    uppers, lowers = [], []
    for share in COLUMNS:
        place = (left + right) / 2 + share * (right - left) / 2
        height = float(np.interp(place, line[:, 0], line[:, 1]))
        above = (vertices[:, 1] - height).abs()
        column = skin & (above < _NEAR) & ((vertices[:, 0] - place).abs() < (right - left) / 16)
        own = column & (above < _LIPS)  # neither nose nor chin
        front = float(vertices[own, 2].amax()) if bool(own.any()) else 0.0
        column &= vertices[:, 2] > front - _DEEPEST
        follows = drop > _parting(drop[own & column])
        uppers.append(_edge(vertices, morphs, column & ~follows))
        lowers.append(_edge(vertices, morphs, column & follows))
    gauge = LipGauge(upper=tuple(uppers), lower=tuple(lowers), teeth=_incisors(avatar, vertices))
    test = torch.zeros(2, 52)
    test[1, ARKIT_INDEX["jawOpen"]] = 0.5
    shut, opened = gauge.opening(test)
    if opened - shut < 0.002:
        raise ModelError("avatar: its jawOpen does not part the lips; speech cannot move this head")
    return gauge


def _mouth_line(lips: Float[Tensor, "68 3"]) -> np.ndarray:
    """Return x and y of the line between the lips, from the one corner to the other."""
    pairs = ((60, 60), (61, 67), (62, 66), (63, 65), (64, 64))
    line = torch.stack([(lips[a] + lips[b])[:2] / 2 for a, b in pairs]).numpy()
    return line[line[:, 0].argsort()]


def _parting(drops: Float[Tensor, " points"]) -> float:
    """Return what tells the lower lip from the upper: the middle of the widest gap in `drops`."""
    if len(drops) < 2:
        return 0.0
    ordered = drops.sort().values
    widest = int(ordered.diff().argmax())
    return float(ordered[widest] + ordered[widest + 1]) / 2


def _edge(vertices: Tensor, morphs: Tensor, chosen: Bool[Tensor, " verts"]) -> _Edge:
    if not bool(chosen.any()):
        raise ModelError(
            "avatar: jawOpen moves no lip near its mouth's landmarks; speech cannot move this head"
        )
    return _Edge(rest=vertices[chosen, 1], moves=morphs[:, chosen, 1])


def _incisors(avatar: Avatar, vertices: Tensor) -> float | None:
    names = {part.name for part in avatar.mesh.parts}
    if "teeth_upper" not in names:
        return None
    teeth = vertices[avatar.mesh.part("teeth_upper").faces.reshape(-1).unique()]
    front = teeth[teeth[:, 0].abs() < _INCISORS]
    front = front[front[:, 2] > front[:, 2].amax() - 0.008]
    return float(front[:, 1].amin())
