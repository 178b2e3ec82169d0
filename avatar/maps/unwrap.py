"""What one photo shows of a surface: colour and trust for every texel."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from avatar.core.camera import Camera
from avatar.core.mesh import vertex_normals
from avatar.core.sample_picture import sample_picture
from avatar.maps.texels import Texels
from avatar.render.visibility import DepthMap, depth_map


@dataclass(frozen=True, kw_only=True)
class UnwrapOptions:
    """How strictly texels are taken.

    `grazing` is the cosine of view angle under which nothing is taken; `matte_margin` how far
    inside the matte a pixel must lie, as a fraction of the picture's head width; `edge_margin` how
    many pixels of the depth map a texel keeps from the outline of whatever lies in front of it.
    """

    grazing: float = 0.25
    matte_margin: float = 0.018
    depth_map_size: int = 1024
    edge_margin: int = 4


@dataclass(frozen=True, kw_only=True)
class PhotoTexels:
    """Linear colours of the texels in one photo and how far to trust each, in [0, 1]."""

    colors: Float[Tensor, "texels 3"]
    weights: Float[Tensor, " texels"]


@dataclass(frozen=True, kw_only=True)
class PosedHead:
    """A head as a photo saw it: posed vertices and every triangle that may hide another."""

    vertices: Float[Tensor, "verts 3"]
    skin_faces: Int[Tensor, "skin_faces 3"]
    occluders: Int[Tensor, "faces 3"]


def unwrap(
    pixels: Float[Tensor, "height width 3"],
    matte: Float[Tensor, "height width"],
    camera: Camera,
    head: PosedHead,
    texels: Texels,
    options: UnwrapOptions | None = None,
) -> PhotoTexels:
    """Sample a photo (linear RGB) at every texel of a part, with a weight for each.

    The weight is zero for texels that face away, lie behind another surface, off the picture or
    outside the matte, and grows with the cosine of the view angle.
    """
    options = options or UnwrapOptions()
    vertex_normal = vertex_normals(head.vertices, head.skin_faces)
    to_camera = functional.normalize(camera.position_in_world - head.vertices, dim=-1)
    cosine = texels.interpolate((vertex_normal * to_camera).sum(-1, keepdim=True))[:, 0]
    facing = ((cosine - options.grazing) / (1 - options.grazing)).clamp(0, 1)
    # Two texels in three face away: everything costly is done for the others only.
    front = torch.nonzero(facing)[:, 0]
    points = texels.subset(front).interpolate(head.vertices)
    positions, depths = camera.project(points)
    nearest = _depths_around_head(camera, head, options)
    seen = nearest.sees(points) & nearest.clear_of_edges(points, margin=options.edge_margin)
    limit = positions.new_tensor([camera.width - 1, camera.height - 1])
    inside = ((positions > 0) & (positions < limit)).all(-1) & (depths > 0)
    covered = sample_picture(_eroded(matte, positions[inside], options)[..., None], positions)[:, 0]
    covered = ((covered - 0.5) * 4).clamp(0, 1)
    weights = torch.zeros_like(facing)
    weights[front] = facing[front] * seen * inside * covered
    colors = torch.zeros_like(texels.barycentrics)
    colors[front] = sample_picture(pixels, positions, bicubic=True).clamp_min(0)
    return PhotoTexels(colors=colors, weights=weights)


def _depths_around_head(camera: Camera, head: PosedHead, options: UnwrapOptions) -> DepthMap:
    """Depth map of the head alone, however small it is in the picture."""
    pixels, _ = camera.project(head.vertices)
    left, top = (int(value) - 2 for value in pixels.amin(0).floor())
    right, bottom = (int(value) + 3 for value in pixels.amax(0).ceil())
    side = max(right - left, bottom - top, 8)
    size = options.depth_map_size
    around = camera.cropped(left, top, side, side).resized(size, size)
    return depth_map(head.vertices, head.occluders, around)


def _eroded(
    matte: Float[Tensor, "height width"],
    positions: Float[Tensor, "points 2"],
    options: UnwrapOptions,
) -> Float[Tensor, "height width"]:
    """Shrink the matte so that no background bleeds in at the outline."""
    if len(positions) == 0:
        return matte
    head_width = float(positions[:, 0].amax() - positions[:, 0].amin())
    radius = max(1, round(options.matte_margin * head_width))
    eroded = matte[None, None]
    for _ in range(radius):
        eroded = -functional.max_pool2d(-eroded, 3, stride=1, padding=1)
    return eroded[0, 0]
