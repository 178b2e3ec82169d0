"""What a user may choose; free of heavy imports, so that `--help` is instant."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ReconstructOptions:
    """How photos become a head.

    Attributes:
        model: head model, see `avatar models list`.
        face: which face where a photo shows several; 1 is the largest.
        fov: horizontal field of view of the photos in degrees; without it, EXIF or an estimate.
        texture_size: side of the skin's texture in pixels.
        photo_consistency: with several photos, refine the head until they show the same skin on it.
        hair_volume: let the scalp follow the outline of the hair.
        name: what to call the head; without it, the name of the output or of the first photo.
    """

    model: str = "anny"
    face: int = 1
    fov: float | None = None
    texture_size: int = 2048
    photo_consistency: bool = True
    hair_volume: bool = True
    name: str | None = None
