"""Which of a face's 478 points the face itself hides from the camera."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy.spatial import Delaunay
from torch import Tensor

from avatar.capture.head_pose import head_rotation
from avatar.capture.topology import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS

_IN_FRONT = 0.06


@dataclass(frozen=True, kw_only=True)
class FaceSurface:
    """The points of a face joined to a surface, and which of them it covers itself.

    It stays true while the head turns by a few degrees: finding it is most of the work.
    """

    triangles: Int[Tensor, "triangles 3"]
    covered: Bool[Tensor, " points"]


def face_surface(points: Float[Tensor, "478 3"]) -> FaceSurface:
    """Return the Delaunay triangulation of the points' frontal view, and what it covers.

    `points` are (x, y, depth) in pixels.
    """
    scaled = _scaled(points)
    in_head_axes = scaled * scaled.new_tensor([1.0, -1.0, -1.0])
    frontal = in_head_axes @ head_rotation(points)
    triangles = _triangles(frontal[:, :2])
    return FaceSurface(triangles=triangles, covered=_covered(scaled, triangles))


def visible_fractions(
    points: Float[Tensor, "478 3"], surface: FaceSurface | None = None
) -> Float[Tensor, "478"]:
    """Return 1 for points that face the camera freely, down to 0 for hidden ones.

    `points` are (x, y, depth) in pixels; `surface` is theirs, found where not given. A point counts
    less as that surface turns away, and not at all where another part of it, such as the nose, lies
    in front. Irises share their eye's fate.
    """
    surface = surface or face_surface(points)
    fractions = _facing(_scaled(points), surface.triangles) * ~surface.covered
    for eye, iris in ((RIGHT_EYE, RIGHT_IRIS), (LEFT_EYE, LEFT_IRIS)):
        fractions = torch.cat([fractions, fractions[list(eye)].mean().expand(len(iris))])
    return fractions


def _scaled(points: Float[Tensor, "478 3"]) -> Float[Tensor, "468 3"]:
    centered = points[:468] - points[:468].mean(0)
    return centered / centered[:, :2].norm(dim=1).mean()


def _triangles(layout: Float[Tensor, "points 2"]) -> Int[Tensor, "triangles 3"]:
    """Return triangles that wind counter-clockwise seen from where y runs up."""
    corners = torch.from_numpy(Delaunay(layout.cpu().double().numpy()).simplices.astype(np.int64))
    a, b, c = layout[corners.to(layout.device)].unbind(1)
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    corners = corners.to(layout.device)
    return torch.where(area[:, None] > 0, corners, corners.flip(1))


def _facing(
    points: Float[Tensor, "points 3"], triangles: Int[Tensor, "triangles 3"]
) -> Float[Tensor, " points"]:
    """Return how far the surface at each point is turned to the camera, from 0 to 1."""
    a, b, c = points[triangles].unbind(1)
    normals = torch.linalg.cross(b - a, c - a)
    total = torch.zeros_like(points)
    for corner in range(3):
        total = total.index_add(0, triangles[:, corner], normals)
    toward = -torch.nn.functional.normalize(total, dim=1)[:, 2]
    return ((toward + 0.1) / 0.3).clamp(0, 1)


def _covered(
    points: Float[Tensor, "points 3"], triangles: Int[Tensor, "triangles 3"]
) -> Bool[Tensor, " points"]:
    """Tell the points that some triangle hides, seen along the depth axis."""
    a, b, c = points[triangles].unbind(1)
    edges = torch.stack([(b - a)[:, :2], (c - a)[:, :2]], -1)
    area = torch.linalg.det(edges)
    offset = points[:, None, :2] - a[None, :, :2]
    u = (offset[..., 0] * edges[:, 1, 1] - offset[..., 1] * edges[:, 0, 1]) / area
    v = (offset[..., 1] * edges[:, 0, 0] - offset[..., 0] * edges[:, 1, 0]) / area
    inside = (u > 0) & (v > 0) & (u + v < 1) & (area.abs() > 1e-6)
    depth = a[:, 2] + u * (b - a)[:, 2] + v * (c - a)[:, 2]
    return (inside & (depth < points[:, None, 2] - _IN_FRONT)).any(1)
