"""A reconstructed head's maps as its photo's camera sees them, to be compared with the truth."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from avatar.core.camera import Camera
from avatar.core.mesh import vertex_normals
from avatar.core.sample_picture import sample_picture
from avatar.fit.head_fit import HeadFit
from avatar.fit.visible import SEE_THROUGH
from avatar.ops.interpolate import interpolate
from avatar.ops.rasterize_mesh import rasterize_mesh
from avatar.render.tangents import tangents


@dataclass(frozen=True, kw_only=True)
class InPicture:
    """The fitted head in a photo: where its face's skin is, and each pixel's place on it.

    `normals`, `rightwards` and `upwards` (along u, along falling v) are unit vectors in the camera
    frame: right, down, forward.
    """

    camera: Camera
    face: Bool[Tensor, "height width"]
    uvs: Float[Tensor, "height width 2"]
    normals: Float[Tensor, "height width 3"]
    rightwards: Float[Tensor, "height width 3"]
    upwards: Float[Tensor, "height width 3"]

    def sampled(
        self, texture: Float[Tensor, "rows columns channels"]
    ) -> Float[Tensor, "height width channels"]:
        """Return a texture as the camera sees it."""
        size = texture.shape[0]
        flat = sample_picture(texture, self.uvs.reshape(-1, 2) * size - 0.5)
        return flat.view(*self.face.shape, -1)

    def bent_normals(
        self, normal_map: Float[Tensor, "rows columns 3"]
    ) -> Float[Tensor, "height width 3"]:
        """Return the normals bent by a normal map as glTF encodes it."""
        lean = self.sampled(normal_map) * 2 - 1
        bent = lean[..., :1] * self.rightwards + lean[..., 1:2] * self.upwards
        return functional.normalize(bent + lean[..., 2:] * self.normals, dim=-1)


def in_picture(fit: HeadFit, photo: int = 0) -> InPicture:
    """Return how a photo sees the fitted head."""
    model, camera = fit.model, fit.photos[photo].camera
    vertices, skin = fit.posed_vertices(photo), model.part("skin")
    solid = [part for part in model.parts if not part.name.startswith(SEE_THROUGH)]
    faces = torch.cat([part.faces for part in solid])
    uv_faces = torch.cat([part.uv_faces for part in solid])
    pixels, depths = camera.project(vertices)
    fragments = rasterize_mesh(pixels, depths, faces, camera.height, camera.width)
    corners = torch.arange(faces.numel()).view(-1, 3)
    frames = tangents(vertices, skin.faces, model.uvs, skin.uv_faces)
    around = torch.zeros(len(vertices), 6)
    around.index_add_(0, skin.faces.reshape(-1), frames[skin.uv_faces.reshape(-1)])
    face = model.region("face").float()[:, None]
    values = torch.cat([vertex_normals(vertices, skin.faces), around, face], -1)
    normals, along, up, face = interpolate(fragments, faces, values).split([3, 3, 3, 1], -1)
    normals = functional.normalize(normals, dim=-1)
    on_skin = (fragments.triangles >= 0) & (fragments.triangles < len(skin.faces))
    rotation = camera.camera_from_world.rotation
    return InPicture(
        camera=camera,
        face=on_skin & (face[..., 0] > 0.99),
        uvs=interpolate(fragments, corners, model.uvs[uv_faces].reshape(-1, 2)),
        normals=normals @ rotation.T,
        rightwards=_flat(along, normals) @ rotation.T,
        upwards=_flat(up, normals) @ rotation.T,
    )


def inside(mask: Bool[Tensor, "height width"], margin: int = 2) -> Bool[Tensor, "height width"]:
    """Return a mask without what lies within `margin` pixels of its border."""
    outside = (~mask).float()[None, None]
    return functional.max_pool2d(outside, 2 * margin + 1, 1, margin)[0, 0] < 0.5


def _flat(vectors: Tensor, normals: Tensor) -> Tensor:
    across = vectors - (vectors * normals).sum(-1, keepdim=True) * normals
    return functional.normalize(across, dim=-1)
