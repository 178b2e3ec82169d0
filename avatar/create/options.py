"""What a user may choose; free of heavy imports, so that `--help` is instant."""

from dataclasses import dataclass
from typing import Literal

MapSize = Literal["1k", "2k", "4k"]
"""Sides of the maps of `--maps`: 1024, 2048 and 4096 texels."""

MAP_SIDES: dict[str, int] = {"1k": 1024, "2k": 2048, "4k": 4096}


@dataclass(frozen=True, kw_only=True)
class ReconstructOptions:
    """How photos become a head.

    Attributes:
        model: head model, see `avatar models list`.
        face: which face where a photo shows several; 1 is the largest.
        fov: horizontal field of view of the photos in degrees; without it, EXIF or an estimate.
        texture_size: side of the skin's texture in pixels.
        maps: solve the light of every photo and make all maps of the skin: albedo without light of
            this size, displacement and normals of half of it, roughness, specular and occlusion
            coarser; some 10 s more. Young: in mixed light, skin may come out spotted or too glossy.
        detail: with maps, strength of the relief finer than the mesh; 1 is as seen, 0 none.
        photo_consistency: with several photos, refine the head until they show the same skin on it.
        hair_volume: let the scalp follow the outline of the hair.
        name: what to call the head; without it, the name of the output or of the first photo.
    """

    model: str = "anny"
    face: int = 1
    fov: float | None = None
    texture_size: int = 2048
    maps: MapSize | None = None
    detail: float = 1.0
    photo_consistency: bool = True
    hair_volume: bool = True
    name: str | None = None
