"""What a photo shows at points of the head, and how that changes with the unknowns."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.transform import skew
from avatar.fit.brightness import Brightness
from avatar.fit.state import HeadState
from avatar.fit.surface_samples import SurfaceSamples


def seen_brightness(
    state: HeadState, index: int, samples: SurfaceSamples, brightness: Brightness
) -> tuple[
    Float[Tensor, " samples"], Float[Tensor, "samples identity"], Float[Tensor, "samples own"]
]:
    """Return what photo `index` shows at samples, and its derivatives.

    First by identity, then by the photo's own rotation, translation, log focal length and
    expression, in the order of `HeadState.photo_columns`.
    """
    photo = state.photos[index]
    dtype = samples.mean.dtype
    focal = photo.focal.to(dtype)
    rotation = photo.camera_from_head.rotation.to(dtype)
    turned = samples.points(state, index) @ rotation.T
    x, y, z = (turned + photo.camera_from_head.translation.to(dtype)).unbind(1)
    flat = focal * torch.stack([x, y], 1) / z[:, None]
    value, slope = brightness.at(flat + photo.centre.to(dtype))
    by_depth = -(slope * flat).sum(1) / z
    by_camera = torch.cat([slope * (focal / z)[:, None], by_depth[:, None]], 1)
    by_rotation = -(by_camera[:, None] @ skew(turned))[:, 0]
    by_focal = (slope * flat).sum(1, keepdim=True)
    by_shape = torch.einsum("nc,nck->nk", by_camera @ rotation, samples.basis)
    count = len(state.identity)
    own = torch.cat([by_rotation, by_camera, by_focal, by_shape[:, count:]], 1)
    return value, by_shape[:, :count], own
