"""From hits on triangles to points with normals and material, ready to be lit."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.ops.interpolate import interpolate_points
from avatar.ops.sample_texture import TexturePyramid, sample_texture
from avatar.render.options import RenderOptions
from avatar.render.scene import Surface
from avatar.render.shade import Points
from avatar.render.vectors import dot, unit
from avatar.render.view import Hits, View


def surface_points(
    view: View, hits: Hits, surface: Surface, finer: float, options: RenderOptions
) -> Points:
    """Return the points of `hits`, all on the material `surface`.

    `finer` is the log2 of how many samples a pixel's width is shared by: their texture is looked
    up that much sharper.
    """
    scene = view.scene
    blended = _weighted(view.vertex_table, view.group.faces, hits)
    positions, openness = blended[:3], blended[6].clamp(0, 1)
    colored = scene.vertex_colors is not None
    shares = blended[8 : len(blended) - 3 * colored].clamp(0, 1)
    to_eye = unit(view.camera.position_in_world[:, None] - positions)
    smooth_normals = unit(blended[3:6] * view.flips[hits.faces])
    uv_faces = view.group.uv_faces
    at_texture = _weighted(view.texture_table, uv_faces, hits)
    uvs, lods = at_texture[:2].T, at_texture[2] - finer - options.detail
    normals = smooth_normals
    if surface.normal is not None and scene.tangents is not None:
        frame = _weighted(scene.tangents, uv_faces, hits)
        normals = _bent(smooth_normals, frame, _lookup(surface.normal, uvs, lods) * 2 - 1)
    albedo, alpha = _base_color(surface, uvs, lods)
    material = surface.material
    roughness = torch.full_like(alpha, material.roughness)
    if surface.roughness is not None:
        roughness = roughness * _lookup(surface.roughness, uvs, lods)[0]
    specular = material.specular
    if surface.specular is not None:
        specular = specular * _lookup(surface.specular, uvs, lods)[0]
    if surface.occlusion is not None:
        # Both say what hides the sky: the mesh as it is posed, the map in finer detail.
        openness = torch.minimum(openness, _lookup(surface.occlusion, uvs, lods)[0])
    return Points(
        positions=positions,
        normals=_towards(normals, to_eye),
        smooth_normals=_towards(smooth_normals, to_eye),
        to_eye=to_eye,
        openness=openness if options.occlusion else torch.ones_like(openness),
        lamp_shares=shares,
        albedo=albedo * blended[-3:] if colored else albedo,
        alpha=alpha,
        roughness=roughness.clamp(0.02, 1),
        metallic=material.metallic,
        curvature=blended[7] if material.name in options.scattering else None,
        specular=specular,
        ior=material.ior,
        clearcoat=material.clearcoat,
        clearcoat_roughness=material.clearcoat_roughness,
    )


def _weighted(
    rows: Float[Tensor, "rows channels"], faces: Int[Tensor, "faces 3"], hits: Hits
) -> Float[Tensor, "channels hits"]:
    """Return what stands in `rows`, which `faces` has indices of, at the hits."""
    return interpolate_points(hits.faces, hits.barycentrics, faces, rows).T.contiguous()


def _lookup(
    texture: TexturePyramid, uvs: Float[Tensor, "hits 2"], lods: Float[Tensor, " hits"]
) -> Float[Tensor, "channels hits"]:
    height, width = texture.levels[0].shape[:2]
    level = lods + 0.5 * math.log2(width * height)
    return sample_texture(texture, uvs[None], level[None])[0].T.contiguous()


def _base_color(
    surface: Surface, uvs: Float[Tensor, "hits 2"], lods: Float[Tensor, " hits"]
) -> tuple[Float[Tensor, "3 hits"], Float[Tensor, " hits"]]:
    """Return the albedo, not premultiplied, and the opacity."""
    factor = uvs.new_tensor(surface.material.base_color)
    if surface.color is None:
        albedo, alpha = factor[:3, None].expand(3, len(uvs)), factor[3].expand(len(uvs))
    else:
        texel = _lookup(surface.color, uvs, lods)
        albedo = texel[:3] / texel[3].clamp_min(1e-4) * factor[:3, None]
        alpha = texel[3] * factor[3]
    mode = surface.material.alpha_mode
    if mode == "opaque":
        alpha = torch.ones_like(alpha)
    if mode == "mask":
        alpha = (alpha >= 0.5).to(alpha.dtype)
    return albedo, alpha


def _bent(
    normals: Float[Tensor, "3 hits"],
    frame: Float[Tensor, "6 hits"],
    bumps: Float[Tensor, "3 hits"],
) -> Float[Tensor, "3 hits"]:
    """Turn normals by a tangent-space normal map; `frame` are the directions of u and of -v."""
    along_u, along_v = _across(frame[:3], normals), _across(frame[3:], normals)
    return unit(along_u * bumps[0] + along_v * bumps[1] + normals * bumps[2])


def _across(
    vectors: Float[Tensor, "3 hits"], normals: Float[Tensor, "3 hits"]
) -> Float[Tensor, "3 hits"]:
    return unit(vectors - normals * dot(vectors, normals))


def _towards(
    normals: Float[Tensor, "3 hits"], to_eye: Float[Tensor, "3 hits"]
) -> Float[Tensor, "3 hits"]:
    """Tip normals that interpolation turned away from the eye back to the horizon."""
    away = dot(normals, to_eye).clamp_max(0)
    return unit(normals - 1.001 * away * to_eye)
