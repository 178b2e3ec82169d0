"""What a fit returns: one person's head, and each photo's camera, expression, gaze and light."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.camera import Camera
from avatar.fit.hair import HairCover
from avatar.head.model import HeadModel


@dataclass(frozen=True, kw_only=True)
class PhotoFit:
    """How one photo sees the head.

    `camera` has the head frame as its world (metres). `expression` are the ARKit coefficients in
    [0, 1]. `gaze` turns each eyeball about its joint: rows left eye, right eye; columns yaw
    (positive to the subject's left) and pitch (positive down), radians, as
    `avatar.core.transform.rotation_from_euler` reads them. `light` are the 9 coefficients, per
    linear RGB channel, of the light around the head, in the convention of `avatar.core.harmonics`:
    `irradiance(light, normals)` multiplies the albedo.
    `visibility` is 1 for vertices this photo sees, falling to 0 towards grazing angles and where
    something else is in front. `landmarks` are the fitted positions of the 478 points in pixels;
    `landmark_residual` is their mean distance from the observed ones in pixels, and
    `landmark_residual_relative` the same as a fraction of the inter-iris distance.
    """

    name: str
    camera: Camera
    expression: Float[Tensor, "52"]
    gaze: Float[Tensor, "2 2"]
    light: Float[Tensor, "9 3"]
    visibility: Float[Tensor, " verts"]
    landmarks: Float[Tensor, "478 2"]
    landmark_residual: float
    landmark_residual_relative: float


@dataclass(frozen=True, kw_only=True)
class HeadFit:
    """One person's head fitted to photos.

    The neutral head is `model.vertices(identity) + offsets`, metres in the head frame. `albedo`
    is the smooth per-vertex albedo (linear RGB) that the photos agree on after their light.
    `hair` is where hair covers it, None where nobody looked. `timings` are seconds per stage.
    """

    model: HeadModel
    identity: Float[Tensor, " modes"]
    offsets: Float[Tensor, "verts 3"]
    albedo: Float[Tensor, "verts 3"]
    photos: tuple[PhotoFit, ...]
    hair: HairCover | None = None
    warnings: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def neutral_vertices(self) -> Float[Tensor, "verts 3"]:
        """The head without expression, metres in the head frame."""
        return self.model.vertices(self.identity) + self.offsets

    def posed_vertices(self, photo: int) -> Float[Tensor, "verts 3"]:
        """Return the head with that photo's expression, eyes straight ahead, in the head frame."""
        displacement = torch.tensordot(
            self.photos[photo].expression, self.model.expression_basis, dims=1
        )
        return self.neutral_vertices + displacement
