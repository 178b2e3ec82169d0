"""The first colours of splats: what frames show, and the head's texture where they show nothing."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.spatial import KDTree
from torch import Tensor

from avatar.core.material import linear_from_srgb, srgb_from_linear
from avatar.core.mesh import SurfacePoints
from avatar.core.sample_picture import sample_picture
from avatar.core.splats import LAYERS
from avatar.gaussian.mesh_view import MeshView
from avatar.gaussian.parameters import Binding
from avatar.gaussian.skin_texture import skin_texture
from avatar.gaussian.take import Take

_INSIDE = {"mouth": (0.30, 0.12, 0.11)}
"""Colours where nothing was ever seen, display sRGB."""


def first_colors(
    take: Take, binding: Binding, means: Float[Tensor, "splats 3"], views: list[MeshView]
) -> Float[Tensor, "splats 3"]:
    """Return the mean of what the views show at the splats; unseen ones take after the nearest."""
    anchors = SurfacePoints(corners=binding.corners, barycentrics=binding.barycentrics)
    offsets = means - anchors.on(take.head.mesh.vertices)
    total, count = torch.zeros_like(means), torch.zeros(len(means), 1)
    for view in views:
        pixels, depths = view.camera.project(anchors.on(view.vertices) + offsets)
        shown = torch.stack([view.fragments.depths.clamp(max=1e3), view.matte], -1)
        front, matte = sample_picture(shown, pixels).unbind(1)
        size = pixels.new_tensor([view.camera.width - 1, view.camera.height - 1])
        inside = ((pixels >= 0) & (pixels <= size)).all(1)
        seen = (inside & (depths < front + 0.004) & (matte > 0.8)).float()[:, None]
        total += seen * sample_picture(view.picture, pixels)
        count += seen
    colors = total / count.clamp_min(1)
    known = count[:, 0] > 0
    if bool(known.any()):
        nearest = KDTree(means[known].numpy()).query(means[~known].numpy())[1]
        colors[~known] = colors[known][torch.from_numpy(np.asarray(nearest)).long()]
        painted, has_paint = _painted(take, binding, colors, known)
        colors = torch.where((has_paint & ~binding.seen)[:, None], painted, colors)
    for name, color in _INSIDE.items():
        colors[~known & (binding.layers == LAYERS.index(name))] = torch.tensor(color)
    return colors.clamp(0, 1)


def _painted(
    take: Take,
    binding: Binding,
    colors: Float[Tensor, "splats 3"],
    known: Bool[Tensor, " splats"],
) -> tuple[Float[Tensor, "splats 3"], Bool[Tensor, " splats"]]:
    """Return the head's texture as brightly lit as in the film, and which splats are on skin.

    The texture is complete: what photos do not show of the head was filled in.
    """
    texture = take.head.material(take.head.mesh.parts[0].material).base_color_map
    if texture is None:
        return colors, torch.zeros_like(known)
    points = SurfacePoints(corners=binding.corners, barycentrics=binding.barycentrics)
    albedo, skin = skin_texture(take.head, points, texture[..., :3])
    if not bool((skin & known).any()):
        return colors, torch.zeros_like(skin)
    lit = linear_from_srgb(colors)[skin & known] / albedo[skin & known].clamp_min(1e-3)
    return srgb_from_linear(albedo * lit.median(0).values), skin
