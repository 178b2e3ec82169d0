"""A scene as one camera sees it: which triangle lies at which sample of which pixel."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.camera import Camera
from avatar.ops.rasterize_mesh import MeshFragments, rasterize_mesh
from avatar.render.scene import FaceSet, Scene

# Offsets in sixteenths of a pixel: no two samples share a row or a column, so that nearly upright
# and nearly level edges get as many steps as there are samples (Direct3D's standard patterns).
_PATTERNS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 0),),
    4: ((-2, -6), (6, -2), (-6, 2), (2, 6)),
    8: ((1, -3), (-1, 3), (5, 1), (-3, -5), (-5, 5), (-7, -1), (3, 7), (7, -7)),
}

SAMPLE_COUNTS = tuple(_PATTERNS)
"""Samples per pixel there is a pattern for."""


@dataclass(frozen=True, kw_only=True)
class Hits:
    """Points of triangles: rows of a `View`'s faces, with perspective-correct barycentrics."""

    faces: Int[Tensor, " hits"]
    barycentrics: Float[Tensor, "hits 3"]


@dataclass(frozen=True, kw_only=True)
class View:
    """The triangles of a set that a camera may see, and where their corners fall.

    Triangles of single-sided materials that face away are left out. `flips` is -1 for triangles
    seen from behind, 1 for the others. `vertex_table` rows are position, normal, openness,
    curvature, shares of the lamps, and colour where vertices have one; `texture_table` rows are u,
    v and the log2 of how many uv units a pixel spans there.
    """

    camera: Camera
    scene: Scene
    pixels: Float[Tensor, "verts 2"]
    depths: Float[Tensor, " verts"]
    group: FaceSet
    flips: Float[Tensor, " faces"]
    vertex_table: Float[Tensor, "verts columns"]
    texture_table: Float[Tensor, "uvs 3"]

    def rasterize(self, offset: Float[Tensor, "2"]) -> MeshFragments:
        """Return what lies `offset` pixels right of and below every pixel's centre."""
        height, width = self.camera.height, self.camera.width
        return rasterize_mesh(self.pixels - offset, self.depths, self.group.faces, height, width)

    def cropped(self, left: int, top: int, width: int, height: int) -> "View":
        """Return the view of a part of the picture."""
        return replace(
            self,
            camera=self.camera.cropped(left, top, width, height),
            pixels=self.pixels - self.pixels.new_tensor([left, top]),
        )

    def box(self) -> tuple[int, int, int, int] | None:
        """Return (left, top, width, height) of the pixels the triangles may touch."""
        corners = self.pixels[self.group.faces.reshape(-1)]
        corners = corners[self.depths[self.group.faces.reshape(-1)] > 0]
        if not len(corners):
            return None
        limit = corners.new_tensor([self.camera.width, self.camera.height])
        low = torch.minimum(corners.amin(0).floor().clamp_min(0), limit)
        high = torch.minimum((corners.amax(0) + 2).floor().clamp_min(0), limit)
        left, top, right, bottom = [int(value) for value in (*low, *high)]
        if right <= left or bottom <= top:
            return None
        return left, top, right - left, bottom - top


def view_scene(
    scene: Scene, group: FaceSet, camera: Camera, lamp_shares: Float[Tensor, "lamps verts"]
) -> View:
    """Return how a camera sees a set of the scene's faces; see `lamp_share` for the shares."""
    pixels, depths = camera.project(scene.vertices)
    a, b, c = pixels[group.faces].unbind(1)
    doubled_area = _cross(b - a, c - a)
    kept = ((doubled_area < 0) | (group.double_sided > 0)).nonzero()[:, 0]
    seen = FaceSet(
        faces=group.faces[kept],
        uv_faces=group.uv_faces[kept],
        surfaces=group.surfaces[kept],
        double_sided=group.double_sided[kept],
    )
    own = torch.stack([scene.openness, scene.curvature], -1)
    columns = [scene.vertices, scene.normals, own, lamp_shares.T]
    if scene.vertex_colors is not None:
        columns.append(scene.vertex_colors)
    footprints = _footprints(pixels, scene.uvs, seen)
    return View(
        camera=camera,
        scene=scene,
        pixels=pixels,
        depths=depths,
        group=seen,
        flips=torch.where(doubled_area[kept] < 0, 1.0, -1.0).to(pixels),
        vertex_table=torch.cat(columns, -1),
        texture_table=torch.cat([scene.uvs, footprints[:, None]], -1),
    )


def sample_offsets(samples: int, like: Tensor) -> Float[Tensor, "samples 2"]:
    """Return where in a pixel its samples lie, in pixels from its centre."""
    return like.new_tensor(_PATTERNS[samples]) / 16


def smooth_pixels(
    view: View, centre: MeshFragments, samples: list[MeshFragments]
) -> Bool[Tensor, "height width"]:
    """Return the pixels all of whose samples lie on one smooth piece of surface.

    One shading at the centre serves them; outlines, folds, texture seams and surfaces seen at a
    grazing angle are shaded sample by sample.
    """
    smooth = centre.covered.reshape(-1).clone()
    for sample in samples:
        smooth &= sample.covered.reshape(-1)
    traits = _traits(view)
    triangles, depths = centre.triangles.reshape(-1), centre.depths.reshape(-1)
    for sample in samples:
        others = sample.triangles.reshape(-1)
        pixels = (smooth & (others != triangles)).nonzero()[:, 0]
        here, there = traits[triangles[pixels]], traits[others[pixels]]
        depth, cosine = depths[pixels], here[:, 6]
        step = (sample.depths.reshape(-1)[pixels] - depth).abs()
        alike = (cosine > 0.12) & (step < 4 * depth / (view.camera.focal * cosine.clamp_min(0.1)))
        alike &= (here[:, :3] * there[:, :3]).sum(-1) > 0.8
        apart = (here[:, 3:5] - there[:, 3:5]).abs().amax(-1)
        alike &= apart <= here[:, 5] + there[:, 5]
        alike &= here[:, 7] == there[:, 7]
        smooth[pixels] = alike
    return smooth.view(centre.triangles.shape)


def _traits(view: View) -> Float[Tensor, "faces 8"]:
    """Return per triangle: normal, middle and radius of its uvs, cosine to the eye, surface."""
    group, scene = view.group, view.scene
    corners = scene.vertices[group.faces]
    a, b, c = corners.unbind(1)
    normal = torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=-1)
    normal = normal * view.flips[:, None]
    to_eye = torch.nn.functional.normalize(view.camera.position_in_world - a, dim=-1)
    uv = scene.uvs[group.uv_faces]
    middle = uv.mean(1)
    radius = (uv - middle[:, None]).abs().amax((1, 2)) * 1.01
    cosine = (normal * to_eye).sum(-1)
    tail = torch.stack([radius, cosine, group.surfaces.to(radius.dtype)], -1)
    return torch.cat([normal, middle, tail], -1)


def _footprints(
    pixels: Float[Tensor, "verts 2"], uvs: Float[Tensor, "uvs 2"], group: FaceSet
) -> Float[Tensor, " uvs"]:
    """Return the log2 of uv units per pixel at texture corners, averaged over their triangles.

    The longer axis of a pixel's footprint, but at most twice the shorter: a little aliasing on
    slanted surfaces, which are supersampled, in exchange for sharpness.
    """
    a, b, c = pixels[group.faces].unbind(1)
    area = _cross(b - a, c - a)
    inverse = area.sign() / area.abs().clamp_min(1e-3)
    u, v, w = uvs[group.uv_faces].unbind(1)
    # The rows of the Jacobian d(uv) / d(pixel), from the triangle's two edges.
    by_x = ((v - u) * (c - a)[:, 1:] - (w - u) * (b - a)[:, 1:]) * inverse[:, None]
    by_y = ((w - u) * (b - a)[:, :1] - (v - u) * (c - a)[:, :1]) * inverse[:, None]
    half = ((by_x * by_x).sum(-1) + (by_y * by_y).sum(-1)) / 2
    determinant = _cross(by_x, by_y)
    spread = (half * half - determinant * determinant).clamp_min(0).sqrt()
    long, short = half + spread, (half - spread).clamp_min(0)
    footprint = torch.minimum(long, 4 * short).clamp(1e-12, 1e6).log2() / 2
    weight = area.abs() + 1e-9
    total = torch.zeros_like(uvs[:, 0])
    weights = torch.zeros_like(total)
    for corner in range(3):
        total.index_add_(0, group.uv_faces[:, corner], footprint * weight)
        weights.index_add_(0, group.uv_faces[:, corner], weight)
    return total / weights.clamp_min(1e-12)


def _cross(a: Float[Tensor, "points 2"], b: Float[Tensor, "points 2"]) -> Float[Tensor, " points"]:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
