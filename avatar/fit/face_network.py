"""The project's own small network: a face's shape, expression, pose, camera and light at a glance.

Its input is what the mesh network's trunk makes of the face's pixels, and the dense landmarks,
both in the frame of the face's crop; `assets/face_guess.md` says on what it was trained and how
well it does.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from avatar.capture.face_features import FEATURES
from avatar.fit.face_frame import PLACE

IDENTITY, EXPRESSION, LIGHT = 160, 52, 27
QUANTITIES = (IDENTITY, EXPRESSION, PLACE, LIGHT)
POINTS = 3 * 478

LEAST_SPREAD, MOST_SPREAD = math.log(0.1), math.log(1.5)
"""Between these the logarithm of a coefficient's deviation is kept."""


@dataclass(frozen=True, kw_only=True)
class RawGuess:
    """What the network says of a batch: see `avatar.fit.guess_face` for what the columns mean.

    `log_deviations` are those of the identity's coefficients.
    """

    identity: Float[Tensor, "faces 160"]
    log_deviations: Float[Tensor, "faces 160"]
    expression: Float[Tensor, "faces 52"]
    place: Float[Tensor, "faces 10"]
    light: Float[Tensor, "faces 27"]


class FaceNetwork(nn.Module):
    """Fixed projections of points and features, then a linear map and a perceptron, added.

    The projections keep what differs between faces most (principal components, whitened).
    """

    def __init__(self, points: int = 96, features: int = 224, width: int = 384) -> None:
        super().__init__()
        self.points_mean = nn.Parameter(torch.zeros(POINTS), requires_grad=False)
        self.points_basis = nn.Parameter(torch.zeros(POINTS, points), requires_grad=False)
        self.features_mean = nn.Parameter(torch.zeros(FEATURES), requires_grad=False)
        self.features_basis = nn.Parameter(torch.zeros(FEATURES, features), requires_grad=False)
        self.first = nn.Linear(points + features, width)
        self.second = nn.Linear(width, width)
        self.direct = nn.Linear(points + features, sum(QUANTITIES))
        self.bent = nn.Linear(width, sum(QUANTITIES))
        self.spread = nn.Linear(width, IDENTITY)

    def reduced(
        self, points: Float[Tensor, "faces 1434"], features: Float[Tensor, "faces features"]
    ) -> Float[Tensor, "faces inputs"]:
        """Return the projections of points (x, y, depth in sides of the crop) and features."""
        own = (points - self.points_mean) @ self.points_basis
        seen = (features - self.features_mean) @ self.features_basis
        return torch.cat([own, seen], 1)

    def forward(self, inputs: Float[Tensor, "faces inputs"], dropped: float = 0.0) -> RawGuess:
        """Return the guess of projected inputs, of which a share is `dropped` in training."""
        kept = functional.dropout(inputs, dropped, training=dropped > 0)
        hidden = functional.gelu(self.first(kept))
        hidden = functional.dropout(hidden, dropped, training=dropped > 0)
        hidden = hidden + functional.gelu(self.second(hidden))
        all_together = self.direct(kept) + self.bent(hidden)
        identity, expression, place, light = all_together.split(QUANTITIES, 1)
        return RawGuess(
            identity=identity,
            log_deviations=self.spread(hidden).clamp(LEAST_SPREAD, MOST_SPREAD),
            expression=expression,
            place=place,
            light=light,
        )
