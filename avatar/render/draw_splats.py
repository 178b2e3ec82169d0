"""Pictures of posed splats."""

from jaxtyping import Float
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.pose_splats import PosedSplats
from avatar.ops.rasterize_splats import Gaussians, SplatOptions, SplatPicture, rasterize_splats

SPLAT_OPTIONS = SplatOptions(antialiased=True)
"""How splat avatars are trained, and so how they are to be drawn."""


def draw_splats(
    posed: PosedSplats,
    camera: Camera,
    background: Float[Tensor, "3"] | None = None,
    pixel_offsets: Float[Tensor, "splats 2"] | None = None,
) -> SplatPicture:
    """Return what a camera in the world sees, display sRGB over `background` (black unless given).

    Differentiable as `rasterize_splats` is; colours may leave [0, 1] until they are clamped.
    """
    gaussians = Gaussians(
        means=posed.means,
        rotations=posed.rotations,
        scales=posed.scales,
        opacities=posed.opacities,
        features=posed.colors,
        pixel_offsets=pixel_offsets,
    )
    return rasterize_splats(gaussians, camera, background, SPLAT_OPTIONS)
