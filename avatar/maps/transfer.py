"""How much of the light from every direction a head's surface sends to a camera: light transfer."""

import math
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from avatar.core.mesh import vertex_normals
from avatar.render.openness import smoothed, sphere_directions
from avatar.render.parallel_depths import parallel_depths

DIRECTIONS, DEPTH_MAP = 192, 160
"""Directions light may come from, some 15 degrees apart, and pixels across each depth map."""

HEAD_ON = 0.028
"""Reflectance of skin seen head-on: an index of refraction of 1.4."""

USUAL_ROUGHNESS = 0.45
"""GGX roughness (glTF's, perceptual) of a face's skin, about."""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What one unit of radiance from each direction does at each vertex.

    `directions` are unit vectors towards the light; each stands for 4 pi / their number of the
    sphere. `matte` times the radiance is the irradiance over pi, what multiplies albedo, shadows
    included; `gloss` times it is what the surface itself mirrors to the camera. `openness` is the
    share of the sky no surface hides.
    """

    directions: Float[Tensor, "lights 3"]
    normals: Float[Tensor, "verts 3"]
    matte: Float[Tensor, "verts lights"]
    gloss: Float[Tensor, "verts lights"]
    openness: Float[Tensor, " verts"]


def light_transfer(
    vertices: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    occluders: Int[Tensor, "others 3"],
    eye: Float[Tensor, "3"],
    roughness: float = USUAL_ROUGHNESS,
) -> Transfer:
    """Return the transfer of a posed head (world, metres) for a camera at `eye`.

    `faces` are the surface's own, `occluders` all that cast shadows. Shadows are softened over
    neighbouring vertices by about the width of a direction. The gloss is GGX (Walter et al. 2007)
    with Smith's shadowing and Schlick's Fresnel term, for skin's index of refraction.
    """
    directions = sphere_directions(DIRECTIONS, vertices)
    normals = vertex_normals(vertices, faces)
    depths = parallel_depths(vertices, occluders, directions, DEPTH_MAP)
    seen = depths.sees(vertices, normals).to(vertices.dtype).T
    seen = smoothed(seen, faces, rounds=2)
    cosine = (normals @ directions.T).clamp_min(0)
    share = 4 * math.pi / DIRECTIONS
    matte = seen * cosine * (share / math.pi)
    whole = cosine.sum(1).clamp_min(1e-6)
    to_eye = functional.normalize(eye - vertices, dim=-1)
    gloss = seen * share * ggx(normals, directions, to_eye, roughness)
    return Transfer(
        directions=directions,
        normals=normals,
        matte=matte,
        gloss=gloss,
        openness=((seen * cosine).sum(1) / whole).clamp(0, 1),
    )


def ggx(
    normals: Float[Tensor, "points 3"],
    directions: Float[Tensor, "lights 3"],
    to_eye: Float[Tensor, "points 3"],
    roughness: float,
) -> Float[Tensor, "points lights"]:
    """Return GGX reflectance times the cosine of the light, per steradian.

    The lobe is widened by the half angle a direction stands for, so that it never falls between.
    """
    widened = min(1.0, roughness**2 + math.sqrt(1.0 / DIRECTIONS))
    squared = widened * widened
    cosine = (normals @ directions.T).clamp_min(0)
    facing = (normals * to_eye).sum(-1, keepdim=True).clamp(1e-2, 1)
    # |l + e|^2 = 2 + 2 l.e: half vectors need never be stored.
    along = to_eye @ directions.T
    length = (2 + 2 * along).clamp_min(1e-6).sqrt()
    peak = ((cosine + facing) / length).clamp(0, 1)
    lobe = peak.square() * (squared - 1) + 1
    distribution = squared / (math.pi * lobe.square())
    smith = cosine * (facing.square() * (1 - squared) + squared).sqrt()
    smith = smith + facing * (cosine.square() * (1 - squared) + squared).sqrt()
    missing = (1 - length / 2).clamp(0, 1)
    fresnel = HEAD_ON + (1 - HEAD_ON) * missing**5
    return distribution * fresnel * cosine / (2 * smith.clamp_min(1e-4))
