"""How far a head's own lips stand apart in any expression, measured on its mesh."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.avatar import Avatar
from avatar.core.errors import ModelError

COLUMNS = (-0.5, -0.25, 0.0, 0.25, 0.5)
"""Where the gap is measured, as a share of the way from the middle of the mouth to its corner."""

MIDDLE = len(COLUMNS) // 2

_NEAR = 0.015
_LIPS = 0.006
_DEEPEST = 0.012
_INCISORS = 0.008


@dataclass(frozen=True, kw_only=True)
class Lips:
    """Vertices one of which is a lip's edge, in each column of the upper and of the lower lip.

    `rest` are their heights, those of the lower lip negative, and `moves` how the coefficients
    change them: the edges are then the least of every column. Columns of fewer vertices repeat one.
    """

    rest: Float[np.ndarray, "2 columns points"]
    moves: Float[np.ndarray, "52 moved"]

    def heights(
        self, weights: Float[np.ndarray, "frames 52"]
    ) -> Float[np.ndarray, "frames 2 columns points"]:
        """Return the heights of all of them."""
        return self.shifts(weights) + self.rest

    def shifts(
        self, changes: Float[np.ndarray, "frames 52"]
    ) -> Float[np.ndarray, "frames 2 columns points"]:
        """Return by how much changes of the coefficients move them."""
        return (changes @ self.moves).reshape(-1, *self.rest.shape)


@dataclass(frozen=True, kw_only=True)
class LipGauge:
    """Measures a head's mouth; heights along the head's up axis, metres.

    `teeth` is the height of the upper incisors' edge; of an avatar without teeth, the upper lip's
    at rest. `by_jaw` is how far a whole `jawOpen` would part the lips.
    """

    lips: Lips
    teeth: float
    by_jaw: float

    def gaps(self, weights: Float[Tensor, "frames 52"]) -> Float[Tensor, "frames columns"]:
        """Return how far the lips are apart in each column; negative where they overlap."""
        return torch.from_numpy(self.gaps_at(self.lips.heights(weights.numpy())))

    def gaps_at(
        self, heights: Float[np.ndarray, "*frames 2 columns points"]
    ) -> Float[np.ndarray, "*frames columns"]:
        """Return the same for heights of the lips' vertices."""
        edges = heights.min(-1)
        return edges[..., 0, :] + edges[..., 1, :]

    def opening(self, weights: Float[Tensor, "frames 52"]) -> Float[Tensor, " frames"]:
        """Return the largest gap; at most 0 means that the lips are closed."""
        return self.gaps(weights).amax(1)

    def below_teeth(self, weights: Float[Tensor, "frames 52"]) -> Float[Tensor, " frames"]:
        """Return how far the lower lip's edge lies under the upper incisors' edge.

        At most 0 means that they meet.
        """
        return torch.from_numpy(self.below_teeth_at(self.lips.heights(weights.numpy())))

    def below_teeth_at(
        self, heights: Float[np.ndarray, "*frames 2 columns points"]
    ) -> Float[np.ndarray, "*frames"]:
        """Return the same for heights of the lips' vertices."""
        return heights[..., 1, MIDDLE, :].min(-1) + np.float32(self.teeth)


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
        uppers.append(_edge(column & ~follows))
        lowers.append(_edge(column & follows))
    packed = _pack(vertices, morphs, uppers, lowers)
    teeth = _incisors(avatar, vertices)
    upper_edge = float(packed.rest[0, MIDDLE].min())
    gauge = LipGauge(lips=packed, teeth=upper_edge if teeth is None else teeth, by_jaw=0.0)
    test = torch.zeros(2, 52)
    test[1, ARKIT_INDEX["jawOpen"]] = 0.5
    shut, opened = gauge.opening(test)
    if opened - shut < 0.002:
        raise ModelError("avatar: its jawOpen does not part the lips; speech cannot move this head")
    return replace(gauge, by_jaw=float(opened - shut) / 0.5)


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


def _edge(chosen: Bool[Tensor, " verts"]) -> Int[Tensor, " points"]:
    if not bool(chosen.any()):
        raise ModelError(
            "avatar: jawOpen moves no lip near its mouth's landmarks; speech cannot move this head"
        )
    return chosen.nonzero()[:, 0]


def _pack(vertices: Tensor, morphs: Tensor, uppers: list[Tensor], lowers: list[Tensor]) -> Lips:
    most = max(map(len, [*uppers, *lowers]))
    rows = [torch.cat([own, own[:1].expand(most - len(own))]) for own in [*uppers, *lowers]]
    chosen = torch.stack(rows).reshape(2, len(COLUMNS), most)
    sign = torch.tensor([1.0, -1.0])[:, None, None]
    moves = morphs[:, chosen, 1] * sign
    return Lips(
        rest=(vertices[chosen, 1] * sign).numpy(), moves=moves.reshape(len(moves), -1).numpy()
    )


def _incisors(avatar: Avatar, vertices: Tensor) -> float | None:
    names = {part.name for part in avatar.mesh.parts}
    if "teeth_upper" not in names:
        return None
    teeth = vertices[avatar.mesh.part("teeth_upper").faces.reshape(-1).unique()]
    front = teeth[teeth[:, 0].abs() < _INCISORS]
    front = front[front[:, 2] > front[:, 2].amax() - 0.008]
    return float(front[:, 1].amin())
