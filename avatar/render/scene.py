"""A head ready to be rendered: normals, open sky and mip pyramids, computed once for many views."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.avatar import Avatar
from avatar.core.material import Material
from avatar.core.mesh import Mesh, MeshPart, vertex_normals
from avatar.ops.sample_texture import TexturePyramid
from avatar.render.curvature import curvature
from avatar.render.openness import openness
from avatar.render.tangents import tangents


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A material and the mip pyramids of its maps.

    `color` texels are RGBA with RGB premultiplied where the material is not opaque.
    """

    material: Material
    color: TexturePyramid | None
    roughness: TexturePyramid | None
    normal: TexturePyramid | None
    specular: TexturePyramid | None = None
    occlusion: TexturePyramid | None = None


@dataclass(frozen=True, kw_only=True)
class FaceSet:
    """Triangles that are rasterised together, and the scene's surface each is made of."""

    faces: Int[Tensor, "faces 3"]
    uv_faces: Int[Tensor, "faces 3"]
    surfaces: Int[Tensor, " faces"]
    double_sided: Int[Tensor, " faces"]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A head in one pose with everything that does not depend on the camera or the light.

    `openness` is the share of the sky each vertex sees, weighted by the cosine; `curvature` is how
    sharply the surface bends there at rest, one over metres; `tangents` are the directions of u and
    of -v at the texture corners, None where no material has a normal map;
    `vertex_colors` multiply the materials' albedo. `layers` are the parts with masked or blended
    materials, a set of faces for each material. `lamp_shares` are the light's shadows where they
    are known beforehand (`avatar.render.film_scene`).
    """

    vertices: Float[Tensor, "verts 3"]
    normals: Float[Tensor, "verts 3"]
    openness: Float[Tensor, " verts"]
    curvature: Float[Tensor, " verts"]
    tangents: Float[Tensor, "uvs 6"] | None
    vertex_colors: Float[Tensor, "verts 3"] | None
    uvs: Float[Tensor, "uvs 2"]
    surfaces: tuple[Surface, ...]
    opaque: FaceSet
    layers: tuple[FaceSet, ...]
    lamp_shares: Float[Tensor, "lamps verts"] | None = None

    def moved(self, vertices: Float[Tensor, "verts 3"]) -> "Scene":
        """Return the same head in another pose; textures are shared."""
        groups = (self.opaque, *self.layers)
        faces = torch.cat([group.faces for group in groups])
        uv_faces = torch.cat([group.uv_faces for group in groups])
        normals = vertex_normals(vertices, faces)
        bumpy = any(surface.normal is not None for surface in self.surfaces)
        return replace(
            self,
            vertices=vertices,
            normals=normals,
            openness=openness(vertices, normals, self.opaque.faces),
            tangents=tangents(vertices, faces, self.uvs, uv_faces) if bumpy else None,
            lamp_shares=None,
        )


def prepare_scene(
    head: Avatar | Mesh,
    materials: tuple[Material, ...] = (),
    vertex_colors: Float[Tensor, "verts 3"] | None = None,
) -> Scene:
    """Return the scene of an avatar in its neutral pose, or of a mesh with these materials.

    Parts whose material is not among them get a plain one. `vertex_colors` are linear RGB.
    """
    mesh = head.mesh if isinstance(head, Avatar) else head
    materials = head.materials if isinstance(head, Avatar) else materials
    known = {material.name: material for material in materials}
    names = list(dict.fromkeys(part.material for part in mesh.parts))
    chosen = [known.get(name, Material(name=name)) for name in names]
    solid = [part for part in mesh.parts if _is_opaque(known.get(part.material))]
    sheer: dict[str, list[MeshPart]] = {}
    for part in mesh.parts:
        if not _is_opaque(known.get(part.material)):
            sheer.setdefault(part.material, []).append(part)
    scene = Scene(
        vertices=mesh.vertices,
        normals=torch.zeros_like(mesh.vertices),
        openness=torch.ones_like(mesh.vertices[:, 0]),
        curvature=torch.zeros_like(mesh.vertices[:, 0]),
        tangents=None,
        vertex_colors=vertex_colors,
        uvs=mesh.uvs,
        surfaces=tuple(_surface(material) for material in chosen),
        opaque=_face_set(solid, names, chosen, mesh),
        layers=tuple(_face_set(parts, names, chosen, mesh) for parts in sheer.values()),
    )
    scene = scene.moved(mesh.vertices)
    bends = curvature(scene.vertices, scene.normals, scene.opaque.faces)
    return replace(scene, curvature=bends)


def _is_opaque(material: Material | None) -> bool:
    return material is None or material.alpha_mode == "opaque"


def _face_set(
    parts: list[MeshPart], names: list[str], materials: list[Material], mesh: Mesh
) -> FaceSet:
    empty = torch.zeros(0, 3, dtype=torch.int64, device=mesh.vertices.device)
    numbers = [
        torch.full_like(part.faces[:, 0], names.index(part.material), dtype=torch.int64)
        for part in parts
    ]
    surfaces = torch.cat([empty[:, 0], *numbers])
    two_sided = torch.tensor(
        [int(material.double_sided) for material in materials], device=surfaces.device
    )
    return FaceSet(
        faces=torch.cat([empty, *(part.faces.long() for part in parts)]),
        uv_faces=torch.cat([empty, *(part.uv_faces.long() for part in parts)]),
        surfaces=surfaces,
        double_sided=two_sided[surfaces] if len(materials) else surfaces,
    )


def _surface(material: Material) -> Surface:
    color, normal = material.base_color_map, material.normal_map
    return Surface(
        material=material,
        color=None if color is None else TexturePyramid.build(_rgba(color, material)),
        roughness=_one_channel(material.roughness_map),
        normal=None if normal is None else TexturePyramid.build(normal),
        specular=_one_channel(material.specular_map),
        occlusion=_one_channel(material.occlusion_map),
    )


def _one_channel(values: Float[Tensor, "height width"] | None) -> TexturePyramid | None:
    return None if values is None else TexturePyramid.build(values[..., None])


def _rgba(color: Tensor, material: Material) -> Float[Tensor, "height width 4"]:
    if color.shape[2] == 3 or material.alpha_mode == "opaque":
        return torch.cat([color[..., :3], torch.ones_like(color[..., :1])], -1)
    return torch.cat([color[..., :3] * color[..., 3:], color[..., 3:]], -1)
