"""Hair as photos show it: its colours, and what it covers."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.core.sample_picture import sample_picture

NOISE = 0.12
"""Deviation of the log of a colour that says nothing of the surface."""


@dataclass(frozen=True, kw_only=True)
class HairCover:
    """Where hair covers a head, and its colour.

    `color` is its linear albedo, and the skin's own where the head is bald; `amount` is 1 where
    hair covers the skin, 0 where it does not; `ears` are the vertices of ears that lie under it.
    """

    color: Float[Tensor, "3"]
    amount: Float[Tensor, " verts"]
    ears: Bool[Tensor, " verts"]


@dataclass(frozen=True, kw_only=True)
class Tones:
    """A kind of surface by the logs of its colours: a normal distribution."""

    mean: Float[Tensor, "3"]
    covariance: Float[Tensor, "3 3"]

    @staticmethod
    def of(colors: Float[Tensor, "points 3"]) -> "Tones":
        """Return the distribution of colours, their least usual fifth left out."""
        logs = colors.clamp_min(2e-3).log()
        off = (logs - logs.median(0).values).norm(dim=-1)
        logs = logs[off <= off.quantile(0.8)]
        centred = logs - logs.mean(0)
        noise = NOISE**2 * torch.eye(3)
        return Tones(mean=logs.mean(0), covariance=centred.T @ centred / len(logs) + noise)

    def in_any_light(self, deviation: float) -> "Tones":
        """Return the tones of the same surface where its brightness may differ so much more."""
        return Tones(mean=self.mean, covariance=self.covariance + deviation**2)

    def unlikeliness(self, colors: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """Return minus the log of the density, up to the same constant for all kinds."""
        return 0.5 * (self.distance(colors) + torch.logdet(self.covariance))

    def distance(self, colors: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """Return the squared distance from the mean in standard deviations (Mahalanobis)."""
        off = colors.clamp_min(2e-3).log() - self.mean
        return (off @ torch.linalg.inv(self.covariance) * off).sum(-1)


def looked_up(
    observation: Observation, positions: Float[Tensor, "*batch 2"]
) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch"]]:
    """Return the photo's colours and its matte at pixel positions; no matte outside the photo."""
    photo = observation.photo
    size = positions.new_tensor([photo.width, photo.height])
    layers = torch.cat([photo.pixels, observation.matte[..., None]], -1)
    found = sample_picture(layers, positions.reshape(-1, 2)).reshape(*positions.shape[:-1], 4)
    inside = ((positions >= 0) & (positions <= size - 1)).all(-1)
    return found[..., :3], found[..., 3] * inside
