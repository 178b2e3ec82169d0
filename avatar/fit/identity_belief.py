"""What is believed of a person's identity before the landmarks are fitted."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.core.errors import ModelError
from avatar.fit.guess_face import FaceGuess, guess_face, knows, load_guesser
from avatar.head.model import HeadModel

SHARED = 0.7
"""How much of a guess's variance all pictures of one person share: their errors are alike."""


@dataclass(frozen=True, kw_only=True)
class IdentityBelief:
    """A normal distribution of identity coefficients, float64; `root' root` is its precision."""

    mean: Float[Tensor, " modes"]
    root: Float[Tensor, "modes modes"]

    @staticmethod
    def of_model(modes: int) -> "IdentityBelief":
        """Return the head model's own prior: standard normal."""
        eye = torch.eye(modes, dtype=torch.float64)
        return IdentityBelief(mean=eye.new_zeros(modes), root=eye)


def guessed_identity(
    observations: Sequence[Observation], model: HeadModel, doubt: float = 1.0
) -> IdentityBelief:
    """Return what the packaged network says of all pictures of a person together.

    `doubt` multiplies its standard deviations. Where the network is not packaged, or was trained
    for other identity modes than this model's, the model's own prior comes back.
    """
    try:
        guesser = load_guesser()
    except ModelError:
        return IdentityBelief.of_model(model.identity_size)
    if not knows(guesser, model):
        return IdentityBelief.of_model(model.identity_size)
    return believed([guess_face(seen, guesser) for seen in observations], doubt)


def believed(guesses: Sequence[FaceGuess], doubt: float = 1.0) -> IdentityBelief:
    """Return the belief several guesses of one person add up to."""
    precisions = [torch.linalg.inv(guess.covariance.double()) for guess in guesses]
    total = torch.stack(precisions).sum(0)
    pulls = [p @ g.identity.double() for p, g in zip(precisions, guesses, strict=True)]
    mean = torch.linalg.solve(total, torch.stack(pulls).sum(0))
    precision = total / (1 + SHARED * (len(guesses) - 1)) / doubt**2
    return IdentityBelief(mean=mean, root=torch.linalg.cholesky(precision).T.contiguous())
