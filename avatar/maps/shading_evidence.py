"""What photos' fine shading says of the skin's relief, octave by octave: linear least squares.

Where the light is known, small slopes change what a matte surface shows in proportion: by the
light's pull along the slope. Albedo varies too; so what is asked for is the likeliest relief
(Barron and Malik 2015, linearised about the fitted head). Tried and left out: pits that see less
of an even sky, as dark-is-deep has it; on the scan, normals were the worse the more it counted.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

BANDS = 7
"""Octaves, the finest of some five texels."""

ALBEDO_DEVIATION = 0.035
"""How far skin's albedo varies per octave (natural log)."""

SLOPE_DEVIATION = 0.1
"""How far the slopes of skin differ from the mesh's per octave."""

LONGEST = 0.03
"""Wavelengths (metres) from which on the fitted mesh tells more than shading."""

PIXELS = 2.6
"""Pixels a wave must span to be resolved."""


@dataclass(frozen=True, kw_only=True)
class Shading:
    """A photo's albedo still with its fine shading, as images.

    `brightness` is its natural log; `across` and `up` how many times (relative) brightness grows
    per unit of slope along u and along falling v; `weight` in [0, 1]; `footprint` metres a pixel.
    """

    brightness: Float[Tensor, "size size"]
    across: Float[Tensor, "size size"]
    up: Float[Tensor, "size size"]
    weight: Float[Tensor, "size size"]
    footprint: float


class ReliefEvidence:
    """Sums what photos say, so that any number of them takes the memory of one.

    `texel` is the metres a texel measures everywhere, zero outside the charts.
    """

    def __init__(self, texel: Float[Tensor, "size size"]) -> None:
        self.texels = _pyramid(texel, (texel > 0).float(), BANDS)
        self.masks = [t > 0 for t in self.texels]
        self.forms = [torch.zeros(5, *t.shape) for t in self.texels]
        self.best = [torch.zeros_like(t) for t in self.texels]

    def add(self, photo: Shading) -> None:
        """Add what one photo says."""
        weights = _shares(photo.weight, BANDS + 1)
        levels = _pyramid(photo.brightness, photo.weight, BANDS + 1)
        turns = [_pyramid(image, photo.weight, BANDS) for image in (photo.across, photo.up)]
        for band in range(BANDS):
            texel = self.texels[band]
            typical = float(texel[self.masks[band]].median()) * 2**band
            wave = _wavelength(typical)
            resolved = min(1.0, max(0.0, 2 * wave / (PIXELS * photo.footprint) - 1))
            if resolved == 0 or wave > 2 * LONGEST:
                continue
            band_pass = levels[band] - _enlarged(levels[band + 1], levels[band])
            contrast = 0.3 * torch.tanh(band_pass / 0.3)
            weight = (weights[band] ** 2) * (resolved / ALBEDO_DEVIATION**2)
            a, b = turns[0][band], turns[1][band]
            form = self.forms[band]
            for row, (first, second) in enumerate(((a, a), (a, b), (b, b))):
                form[row].addcmul_(weight * first, second)
            for row, turn in enumerate((a, b)):
                form[3 + row].addcmul_(weight * turn, contrast)
            self.best[band] = torch.maximum(self.best[band], resolved * weights[band])

    def solve(self) -> "Relief":
        """Return the likeliest relief."""
        size = self.texels[0].shape[0]
        total = torch.zeros(size, size)
        sure = torch.zeros(size, size)
        for band in reversed(range(BANDS)):
            if not float(self.best[band].amax()) > 0:
                continue
            texel = self.texels[band] * 2**band
            height = _solve_band(self.forms[band], texel, self.masks[band])
            total += functional.interpolate(
                height[None, None], (size, size), mode="bicubic", align_corners=False
            )[0, 0]
            found = self.forms[band][:3]
            told = (found[0] + found[2]) / (found[0] + found[2] + SLOPE_DEVIATION**-2)
            sure = torch.maximum(sure, _enlarged(told * self.best[band], sure))
        return Relief(height=total, confidence=sure.clamp(0, 1), finest=self.best[0])


@dataclass(frozen=True, kw_only=True)
class Relief:
    """Metres along the normal, how sure they are, and where the finest octave was seen."""

    height: Float[Tensor, "size size"]
    confidence: Float[Tensor, "size size"]
    finest: Float[Tensor, "size size"]

    def shading(
        self,
        texel: Float[Tensor, "size size"],
        across: Float[Tensor, "size size"],
        up: Float[Tensor, "size size"],
    ) -> Float[Tensor, "size size"]:
        """Return the shading (natural log) the relief explains in a light that turns so."""
        ratio = torch.where(texel > 0, 1 / texel.clamp_min(1e-9), torch.zeros_like(texel))
        right, rise = _slopes(self.height, ratio)
        return across * right + up * rise


def _wavelength(texel: float) -> float:
    """Return the wave (metres) in the middle of a band whose texels measure so much."""
    return 5 * texel


def _solve_band(
    form: Float[Tensor, "5 rows columns"],
    texel: Float[Tensor, "rows columns"],
    inside: Bool[Tensor, "rows columns"],
    steps: int = 24,
) -> Float[Tensor, "rows columns"]:
    """Minimise the squares by conjugate gradients; heights come back in metres.

    Solved in units of a typical texel, so that slopes are differences of neighbours.
    """
    unit = float(texel[inside].median())
    ratio = torch.where(inside, unit / texel.clamp_min(1e-9), torch.zeros_like(texel))
    slope = SLOPE_DEVIATION**-2
    xx, xy, yy = form[0] + slope, form[1], form[2] + slope
    # What a band holds is of its frequency: heights without slopes are none of it.
    level = 0.5 * slope * (2 * math.pi * unit / _wavelength(unit)) ** 2

    def apply(height: Tensor) -> Tensor:
        right, up = _slopes(height, ratio)
        return _slopes_back(xx * right + xy * up, xy * right + yy * up, ratio) + level * height

    wanted = _slopes_back(form[3], form[4], ratio) * inside
    # The diagonal: every height takes part in four differences.
    scale = (level + 0.5 * ratio**2 * (xx + yy)).clamp_min(1e-6).reciprocal() * inside
    height = torch.zeros_like(wanted)
    residual = wanted
    ahead = scale * residual
    power = (residual * ahead).sum()
    step = ahead
    for _ in range(steps):
        if float(power) < 1e-12:
            break
        moved = apply(step) * inside
        length = power / (step * moved).sum().clamp_min(1e-20)
        height = height + length * step
        residual = residual - length * moved
        ahead = scale * residual
        new = (residual * ahead).sum()
        step = ahead + (new / power) * step
        power = new
    return height * unit


def _slopes(
    height: Float[Tensor, "rows columns"], ratio: Float[Tensor, "rows columns"]
) -> tuple[Tensor, Tensor]:
    """Return the normal's lean along u and along falling v: minus the height's slopes."""
    padded = functional.pad(height[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    right = (padded[1:-1, :-2] - padded[1:-1, 2:]) / 2 * ratio
    up = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2 * ratio
    return right, up


def _slopes_back(
    right: Float[Tensor, "rows columns"],
    up: Float[Tensor, "rows columns"],
    ratio: Float[Tensor, "rows columns"],
) -> Float[Tensor, "rows columns"]:
    """Return the transpose of `_slopes` applied to both."""
    along, lean = (
        functional.pad(right * ratio / 2, (1, 1)),
        functional.pad(up * ratio / 2, (0, 0, 1, 1)),
    )
    total = along[:, 2:] - along[:, :-2]
    # Replicated borders: the first and last differences reach back onto themselves.
    total[:, 0] += right[:, 0] * ratio[:, 0] / 2
    total[:, -1] -= right[:, -1] * ratio[:, -1] / 2
    total = total + lean[:-2] - lean[2:]
    total[0] -= up[0] * ratio[0] / 2
    total[-1] += up[-1] * ratio[-1] / 2
    return total


def _shares(weight: Float[Tensor, "size size"], levels: int) -> list[Tensor]:
    """Return a pyramid of the weights' averages."""
    found = [weight]
    for _ in range(levels - 1):
        found.append(_reduced(found[-1]))
    return found


def _pyramid(
    values: Float[Tensor, "size size"], weight: Float[Tensor, "size size"], levels: int
) -> list[Tensor]:
    """Return a pyramid of weighted averages: what has no weight leaves no trace."""
    found, share = [values], weight
    for _ in range(levels - 1):
        total, share = _reduced(found[-1] * share), _reduced(share)
        found.append(total / share.clamp_min(1e-9))
    return found


def _reduced(values: Float[Tensor, "rows columns"]) -> Tensor:
    """Return half as many rows and columns, blurred first so that nothing finer folds over."""
    blurred = functional.avg_pool2d(values[None], 3, 1, 1)
    return functional.avg_pool2d(blurred, 2, ceil_mode=True)[0]


def _enlarged(coarse: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(
        coarse[None, None], like.shape, mode="bilinear", align_corners=False
    )[0, 0]
