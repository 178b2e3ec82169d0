"""The textured mesh alone, in the light the video was filmed in: what splats have to beat."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.material import linear_from_srgb, srgb_from_linear
from avatar.core.mesh import vertex_normals
from avatar.core.sample_picture import sample_picture
from avatar.core.transform import Transform
from avatar.fit.light import VertexColors, solve_light, vertex_colors
from avatar.fit.visible import vertex_visibility
from avatar.gaussian.mesh_view import solid_faces, spread_frames
from avatar.gaussian.take import Take, matted
from avatar.render.light import environment_light
from avatar.render.options import RenderOptions
from avatar.render.render_head import render_head
from avatar.render.scene import Scene, prepare_scene
from avatar.render.tone import composite


@dataclass(frozen=True, kw_only=True)
class TexturedMesh:
    """The head of a take and its light."""

    take: Take
    scene: Scene
    light: Float[Tensor, "9 3"]

    @staticmethod
    def build(take: Take) -> "TexturedMesh":
        """Solve the light in which the texture looks most like some of the frames."""
        colors: list[Tensor] = []
        normals: list[Tensor] = []
        weights: list[Tensor] = []
        faces = solid_faces(take)
        skin = torch.zeros(len(take.head.mesh.vertices))
        skin[take.head.mesh.part("skin").faces.unique()] = 1.0
        frames = spread_frames(take, 4)
        for frame in frames:
            vertices = take.head_at(frame).apply(take.head.pose(take.weights[frame]))
            picture, matte = matted(take, frame, (take.camera.width, take.camera.height))
            pixels = linear_from_srgb(picture / matte.clamp_min(1e-2))
            colors.append(vertex_colors(pixels, take.camera, vertices))
            normals.append(vertex_normals(vertices, faces))
            seen = vertex_visibility(vertices, faces, take.camera)
            weights.append(seen * skin * (seen > 0.3))
        view = VertexColors(
            colors=torch.cat(colors), normals=torch.cat(normals), weights=torch.cat(weights)
        )
        albedo = _vertex_albedo(take).repeat(len(frames), 1)
        return TexturedMesh(
            take=take, scene=prepare_scene(take.head), light=solve_light(view, albedo)
        )

    def picture(
        self, weights: Float[Tensor, "52"], world_from_head: Transform, camera: Camera
    ) -> Float[Tensor, "height width 3"]:
        """Return the mesh over white, display sRGB."""
        vertices = world_from_head.apply(self.take.head.pose(weights))
        light = environment_light(self.light)
        options = RenderOptions(light=light, samples=4, tone=False, shadows=False)
        drawn = render_head(self.scene.moved(vertices), camera, options)
        return srgb_from_linear(composite(drawn, torch.ones(camera.height, camera.width, 3)))


def _vertex_albedo(take: Take) -> Float[Tensor, "verts 3"]:
    mesh = take.head.mesh
    part = mesh.part("skin")
    texture = take.head.material(part.material).base_color_map
    if texture is None:
        raise ValueError("a head made from a video has a texture")
    uvs = torch.zeros(len(mesh.vertices), 2)
    uvs[part.faces.flatten()] = mesh.uvs[part.uv_faces.flatten()]
    size = uvs.new_tensor([texture.shape[1], texture.shape[0]])
    return sample_picture(texture[..., :3].contiguous(), uvs * size - 0.5)
