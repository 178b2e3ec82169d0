"""What a camera sees of a surface: a depth-buffer test."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from avatar.core.camera import Camera
from avatar.core.mesh import vertex_normals
from avatar.ops.rasterize_mesh import rasterize_mesh


@dataclass(frozen=True, kw_only=True)
class DepthMap:
    """The nearest surface along every ray of a camera: metres along its axis, inf where none."""

    camera: Camera
    depths: Float[Tensor, "height width"]

    def sees(
        self, points: Float[Tensor, "points 3"], tolerance: float = 0.002
    ) -> Bool[Tensor, " points"]:
        """Return which points (world, metres) are inside the picture and not behind the surface.

        A point counts as hidden when it is more than `tolerance` metres deeper than the farthest
        of the four pixels around it, so that a slope does not hide itself.
        """
        pixels, depth = self.camera.project(points)
        height, width = self.depths.shape
        inside = (
            (depth > 0)
            & (pixels > -0.5).all(-1)
            & (pixels[:, 0] < width - 0.5)
            & (pixels[:, 1] < height - 0.5)
        )
        corner = pixels.detach().floor().long()
        farthest = torch.zeros_like(depth)
        for step_x, step_y in ((0, 0), (1, 0), (0, 1), (1, 1)):
            column = (corner[:, 0] + step_x).clamp(0, width - 1)
            row = (corner[:, 1] + step_y).clamp(0, height - 1)
            farthest = torch.maximum(farthest, self.depths[row, column])
        return inside & (depth <= farthest + tolerance)

    def clear_of_edges(
        self, points: Float[Tensor, "points 3"], margin: int, gap: float = 0.01
    ) -> Bool[Tensor, " points"]:
        """Return which points have nothing `gap` metres nearer within `margin` pixels.

        Colours sampled there stem from the point's own surface even if the mesh is a little off.
        """
        pixels, depth = self.camera.project(points)
        height, width = self.depths.shape
        side = 2 * margin + 1
        nearest = -functional.max_pool2d(-self.depths[None, None], side, stride=1, padding=margin)
        column = pixels[:, 0].round().long().clamp(0, width - 1)
        row = pixels[:, 1].round().long().clamp(0, height - 1)
        return depth <= nearest[0, 0, row, column] + gap


def depth_map(
    vertices: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"], camera: Camera
) -> DepthMap:
    """Return the depth map of a mesh (world, metres); pass only the faces that hide others."""
    pixels, depths = camera.project(vertices)
    fragments = rasterize_mesh(pixels, depths, faces, camera.height, camera.width)
    return DepthMap(camera=camera, depths=fragments.depths)


def visibility(
    vertices: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    camera: Camera,
    tolerance: float = 0.002,
) -> Bool[Tensor, " verts"]:
    """Return which vertices the camera sees: in the picture, facing it, and nothing in front.

    Vertices are in the world, metres; `faces` are all the triangles that hide others. For other
    points of the surface ask `depth_map(...).sees(points)`.
    """
    normals = vertex_normals(vertices, faces)
    towards_camera = camera.position_in_world - vertices
    facing = (normals * towards_camera).sum(-1) > 0
    return facing & depth_map(vertices, faces, camera).sees(vertices, tolerance)
