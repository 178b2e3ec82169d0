"""Relief finer than the mesh, from what is narrowly dark in the albedo: pores, lines, strands."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.core.mesh import face_normals
from avatar.head.model import HeadModel
from avatar.maps.texels import Texels

DEPTH, HAIR_DEPTH = 1.2e-4, 2.5e-4
"""How deep (metres) skin is that looks darker by a factor e than its surroundings, and hair."""

PAINTED_SHARE = 0.25
"""The same for brows and lips, whose brightness says little of their shape, as a share of it."""

FINE = 0.006
"""Side of the surroundings, as a share of the texture's side: on the face some four millimetres."""

MOST_CONTRAST = 0.3
"""What is darker or brighter than its surroundings by more (natural log) is no relief."""

STEEPEST = 0.6
"""Largest slope of the relief."""


def bake_relief(
    model: HeadModel,
    vertices: Float[Tensor, "verts 3"],
    texels: Texels,
    albedo: Float[Tensor, "size size 3"],
    hair: Float[Tensor, " verts"],
) -> Float[Tensor, "half half 3"]:
    """Return the tangent-space normal map of the skin, as glTF encodes it, at half the resolution.

    Dark is taken to be deep (Glencross et al. 2008, dark-is-deep). `vertices` are the neutral head
    in metres, `albedo` the finished map in linear RGB, `hair` how far hair covers each vertex.
    """
    height = dark_is_deep(model, texels, albedo, hair)
    return normals_of(height, texel_metres(model, vertices, texels))


def dark_is_deep(
    model: HeadModel,
    texels: Texels,
    albedo: Float[Tensor, "size size 3"],
    hair: Float[Tensor, " verts"],
) -> Float[Tensor, "half half"]:
    """Return heights (metres) of what is finely darker or brighter, at half the resolution."""
    depth = torch.lerp(torch.tensor(DEPTH), torch.tensor(HAIR_DEPTH), hair)
    for name in ("brows", "lips"):
        depth = torch.where(model.region(name) & (hair < 0.5), PAINTED_SHARE * depth, depth)
    depth = torch.where(model.region("mouth_interior"), 0.0, depth)
    scale = halved(texels.image(texels.interpolate(depth[:, None])))
    brightness = (albedo @ albedo.new_tensor([0.3, 0.6, 0.1])).clamp_min(1e-3).log_()
    return fine_part(halved(brightness[..., None])) * scale


def texel_metres(
    model: HeadModel, vertices: Float[Tensor, "verts 3"], texels: Texels
) -> Float[Tensor, "half half"]:
    """Return how many metres a texel of half the resolution measures, 0 outside the charts."""
    sizes = _texel_sizes(model, vertices, 2 / texels.size)
    inverse = halved(texels.image(texels.interpolate(1 / sizes[:, None])))
    return torch.where(inverse > 0, 1 / inverse.clamp_min(1e-9), inverse)


def normals_of(
    height: Float[Tensor, "rows columns"], texel: Float[Tensor, "rows columns"]
) -> Float[Tensor, "rows columns 3"]:
    """Return the normal map, as glTF encodes it, of heights in metres on texels that size."""
    scale = torch.where(texel > 0, 1 / texel.clamp_min(1e-9), torch.zeros_like(texel))
    padded = functional.pad(height[None], (1, 1, 1, 1), mode="replicate")[0]
    rightwards = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2 * scale
    downwards = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2 * scale
    slopes = torch.stack([-rightwards, downwards], -1).clamp(-STEEPEST, STEEPEST)
    normals = functional.normalize(functional.pad(slopes, (0, 1), value=1.0), dim=-1)
    return normals * 0.5 + 0.5


def halved(values: Float[Tensor, "size size 1"]) -> Float[Tensor, "half half"]:
    """Average an image down to half its size."""
    return functional.avg_pool2d(values[None, ..., 0], 2)[0]


def fine_part(values: Float[Tensor, "height width"]) -> Float[Tensor, "height width"]:
    """Return what differs from the surroundings, bounded."""
    reach = max(1, round(FINE * values.shape[0] / 2))
    around = values[None]
    for _ in range(2):
        around = functional.avg_pool2d(around, 2 * reach + 1, 1, reach, count_include_pad=False)
    return MOST_CONTRAST * torch.tanh((values - around[0]) / MOST_CONTRAST)


def _texel_sizes(
    model: HeadModel, vertices: Float[Tensor, "verts 3"], step: float
) -> Float[Tensor, " verts"]:
    """Return how many metres `step` of the texture measures around each vertex of the skin."""
    part = model.part("skin")
    area = face_normals(vertices, part.faces).norm(dim=-1)
    a, b, c = model.uvs[part.uv_faces].unbind(1)
    first, second = b - a, c - a
    in_texture = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).abs()
    areas = vertices.new_zeros(len(vertices), 2)
    for corner in range(3):
        areas.index_add_(0, part.faces[:, corner], torch.stack([area, in_texture], -1))
    size = (areas[:, 0] / areas[:, 1].clamp_min(1e-12)).sqrt() * step
    return size.clamp_min(5e-5)
