"""How a video is tracked; free of heavy imports."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TrackOptions:
    """How to track.

    Attributes:
        model: the head model that is fitted (`avatar models list`).
        face: which face of the first frame to follow, counted from the largest.
        fov: the camera's horizontal field of view in degrees; estimated where not given.
        views: how many times each frame is looked at, 1 to 4: more is calmer and slower.
        smooth: take the jitter out, without lag.
        brow_texture: settle brows by what the skin around them shows too, not by landmarks alone.
    """

    model: str = "anny"
    face: int = 1
    fov: float | None = None
    views: int = 2
    smooth: bool = True
    brow_texture: bool = True

    def __post_init__(self) -> None:
        if self.fov is not None:
            from avatar.core.camera import focal_from_fov  # noqa: PLC0415 - torch, when it is given

            focal_from_fov(self.fov, 1)
