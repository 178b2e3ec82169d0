"""How one person's performance becomes another's; free of heavy imports."""

from dataclasses import dataclass

from avatar.core.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class RetargetOptions:
    """How a performance is put onto another head.

    Attributes:
        neutral: take out what the performer's face shows all the time, which is their own neutral.
        gain: how far everything goes, 1 as in the video.
        start: leave out what comes before, seconds.
        end: leave out what comes after, seconds.
        smooth: blur over time by so many seconds.
    """

    neutral: bool = True
    gain: float = 1.0
    start: float = 0.0
    end: float | None = None
    smooth: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.gain <= 3:
            raise OptionError(f"gain: expected more than 0, at most 3, got {self.gain}")
        if self.start < 0 or (self.end is not None and self.end <= self.start):
            raise OptionError(
                f"start, end: expected 0 or later and then more, got {self.start} to {self.end}"
            )
        if not 0 <= self.smooth <= 1:
            raise OptionError(f"smooth: expected 0 to 1 second, got {self.smooth}")
