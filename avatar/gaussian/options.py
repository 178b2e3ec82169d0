"""How a splat avatar is trained; free of heavy imports."""

from dataclasses import dataclass

from avatar.core.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How to train.

    Attributes:
        splats: how many Gaussians at most.
        size: longer side of the pictures that are trained on, in pixels; half of it at first.
        steps: how many pictures are looked at.
        codes: how many ways a splat can change with the expression.
        seed: of all that is random; the same seed gives the same avatar.
        refine: let each frame's pose and expression be mended a little along the way.
        patience: stop when this many checks in a row (one every 500 steps) show no gain.
    """

    splats: int = 50_000
    size: int = 512
    steps: int = 6000
    codes: int = 12
    seed: int = 0
    refine: bool = True
    patience: int = 4

    def __post_init__(self) -> None:
        if not 500 <= self.splats <= 1_000_000:
            raise OptionError(f"splats: expected 500 to 1,000,000, got {self.splats:,}")
        if not 64 <= self.size <= 2048:
            raise OptionError(f"size: expected 64 to 2048 pixels, got {self.size}")
        if not 1 <= self.steps <= 1_000_000:
            raise OptionError(f"steps: expected 1 to 1,000,000, got {self.steps}")
        if not 1 <= self.codes <= 64:
            raise OptionError(f"codes: expected 1 to 64, got {self.codes}")
        if self.patience < 1:
            raise OptionError(f"patience: expected 1 or more, got {self.patience}")
