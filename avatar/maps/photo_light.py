"""A photo's light as radiance from all around, found from the skin it falls on, shadows and all."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.material import LUMINANCE
from avatar.maps.transfer import Transfer

ROUNDS, STEPS = 5, 300
"""Times outliers are weighed anew, and steps of the solver each time."""

SMOOTH, EVEN, GREY = 0.02, 0.003, 0.02
"""Pulls to the neighbours' radiance, to light from everywhere, and to light of one hue.

As shares of what a pixel's worth of data says per direction.
"""

OUTLIER = 0.15
"""Relative error from which on what a vertex shows counts as something else than lit skin."""


@dataclass(frozen=True, kw_only=True)
class PhotoLight:
    """Radiance from each of the transfer's directions, linear RGB, none below zero.

    `matte` and `gloss` are what it sends from each vertex of white skin and from its surface: what
    a camera sees is albedo * matte + gloss. `error` is the typical relative difference from what
    the photo shows.
    """

    radiance: Float[Tensor, "lights 3"]
    matte: Float[Tensor, "verts 3"]
    gloss: Float[Tensor, "verts 3"]
    error: float


def solve_photo_light(
    transfer: Transfer,
    colors: Float[Tensor, "verts 3"],
    weights: Float[Tensor, " verts"],
    albedo: Float[Tensor, "verts 3"],
) -> PhotoLight:
    """Return the light under which skin of about this albedo looks like these colours.

    Non-negative least squares over all directions (Sato et al. 2003, illumination from shadows),
    robust: hair, make-up, spots and wrong geometry are weighed down. Errors are relative, as both
    albedo and geometry err by shares. First for luminance, then per channel close to its hue.
    """
    chosen = weights > 1e-3 * weights.max().clamp_min(1e-9)
    seen, own, trust = colors[chosen], albedo[chosen], weights[chosen]
    matte = _Interreflected(transfer.matte, transfer.openness, albedo)
    luminance = seen.new_tensor(LUMINANCE)
    grey, tone = seen @ luminance, (own @ luminance)[:, None]
    design = tone * matte(1)[chosen] + transfer.gloss[chosen]
    smooth = _neighbour_pull(transfer.directions)
    typical = (trust * grey).sum() / trust.sum()
    scale = trust / (grey.square() + (0.2 * typical) ** 2)
    level = float(typical / (design.sum(1) * trust).sum() * trust.sum())
    radiance = torch.full_like(transfer.directions[:, 0], level)
    robust, off = torch.ones_like(scale), torch.ones_like(scale)
    for _ in range(ROUNDS):
        radiance = _nonnegative(design, grey, scale * robust, smooth, radiance)
        off = ((design @ radiance - grey) / grey.clamp_min(0.2 * typical)).abs()
        robust = 1 / (1 + (off / OUTLIER) ** 2)
    error = float((trust * robust * off).sum() / (trust * robust).sum())
    channels: list[Tensor] = []
    for channel in range(3):
        lit = own[:, channel : channel + 1] * matte(channel)[chosen] + transfer.gloss[chosen]
        channels.append(_tinted(lit, seen[:, channel], scale * robust, radiance))
    found = torch.stack(channels, -1)
    lit = torch.stack([matte(channel) @ found[:, channel] for channel in range(3)], -1)
    return PhotoLight(radiance=found, matte=lit, gloss=transfer.gloss @ found, error=error)


class _Interreflected:
    """The matte transfer of a channel, with what neighbouring skin of like albedo throws back."""

    def __init__(self, matte: Tensor, openness: Tensor, albedo: Tensor) -> None:
        self.matte, self.hidden, self.albedo = matte, 1 - openness, albedo
        self.around = matte.mean(0)

    def __call__(self, channel: int) -> Float[Tensor, "verts lights"]:
        back = self.hidden * self.albedo[:, channel]
        return self.matte + back[:, None] * self.around


def _neighbour_pull(directions: Float[Tensor, "lights 3"]) -> Float[Tensor, "lights lights"]:
    """Return the quadratic form of differences between each direction and those around it."""
    near = ((directions @ directions.T - 1) / 0.05).exp()
    near.fill_diagonal_(0)
    near = near / near.sum(1, keepdim=True)
    step = torch.eye(len(directions), dtype=directions.dtype) - near
    return step.T @ step


def _nonnegative(
    design: Float[Tensor, "rows lights"],
    wanted: Float[Tensor, " rows"],
    weights: Float[Tensor, " rows"],
    smooth: Float[Tensor, "lights lights"],
    start: Float[Tensor, " lights"],
) -> Float[Tensor, " lights"]:
    """Minimise the weighted squares plus the pulls over radiances of at least zero (FISTA)."""
    scaled = design * weights[:, None]
    normal, right = scaled.T @ design, scaled.T @ wanted
    unit = normal.diagonal().mean()
    count = len(start)
    even = torch.eye(count, dtype=start.dtype) - 1 / count
    normal = normal + unit * (SMOOTH * smooth + EVEN * even)
    largest = torch.linalg.eigvalsh(normal)[-1]
    value, ahead, speed = start, start, 1.0
    for _ in range(STEPS):
        moved = (ahead - (normal @ ahead - right) / largest).clamp_min(0)
        faster = (1 + (1 + 4 * speed * speed) ** 0.5) / 2
        ahead = moved + (speed - 1) / faster * (moved - value)
        value, speed = moved, faster
    return value


def _tinted(
    design: Float[Tensor, "rows lights"],
    wanted: Float[Tensor, " rows"],
    weights: Float[Tensor, " rows"],
    luminance: Float[Tensor, " lights"],
) -> Float[Tensor, " lights"]:
    """Return one channel's radiance: the luminance's, tinted slowly from side to side."""
    scaled = design * weights[:, None]
    whole = design @ luminance
    gain = (weights * whole * wanted).sum() / (weights * whole * whole).sum().clamp_min(1e-12)
    start = luminance * gain
    # Unknown is each direction's share of the hue: dim directions cannot be strongly coloured.
    tint = design * start
    normal = (tint * weights[:, None]).T @ tint
    right = (scaled * start).T @ (wanted - design @ start)
    pull = GREY * normal.diagonal().sum() * torch.eye(len(start), dtype=start.dtype)
    share = torch.linalg.solve(normal + pull, right).clamp(-0.5, 0.5)
    return start * (1 + share)
