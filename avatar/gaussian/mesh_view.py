"""A take's frames as the tracked mesh is seen in them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.camera import Camera
from avatar.gaussian.take import Take, matted
from avatar.ops.rasterize_mesh import MeshFragments, rasterize_mesh


@dataclass(frozen=True, kw_only=True)
class MeshView:
    """A frame as the mesh is seen in it; vertices are in the world."""

    camera: Camera
    vertices: Float[Tensor, "verts 3"]
    fragments: MeshFragments
    picture: Float[Tensor, "height width 3"]
    matte: Float[Tensor, "height width"]


def solid_faces(take: Take) -> Int[Tensor, "faces 3"]:
    """Return the mesh's triangles that splats may hang on."""
    faces = take.head.mesh.faces.long()
    return faces[(take.regions[faces] >= 0).all(1)]


def spread_frames(take: Take, count: int) -> list[int]:
    """Return frames that differ in the head's turn, farthest first."""
    turns = take.world_from_head.rotation.flatten(1)
    chosen = [0]
    apart = (turns - turns[0]).norm(dim=1)
    while len(chosen) < min(count, len(take)):
        chosen.append(int(apart.argmax()))
        apart = torch.minimum(apart, (turns - turns[chosen[-1]]).norm(dim=1))
    return chosen


def mesh_view(take: Take, faces: Int[Tensor, "faces 3"], frame: int) -> MeshView:
    """Return a frame as the mesh's `faces` are seen in it, posed as tracked."""
    vertices = take.head_at(frame).apply(take.head.pose(take.weights[frame]))
    pixels, depths = take.camera.project(vertices)
    camera = take.camera
    picture, matte = matted(take, frame, (camera.width, camera.height))
    return MeshView(
        camera=camera,
        vertices=vertices,
        fragments=rasterize_mesh(pixels, depths, faces, camera.height, camera.width),
        picture=picture / matte.clamp_min(1e-3),
        matte=matte[..., 0],
    )
