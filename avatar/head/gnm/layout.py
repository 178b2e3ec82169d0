"""GNM's components as named parts with texture coordinates."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.mesh import MeshPart
from avatar.head.gnm.source import GnmSource
from avatar.head.imported.sphere import polar_eye_uvs
from avatar.head.parts.rims import SIDES

_NAMES = {
    "left_eye": "eye_left",
    "right_eye": "eye_right",
    "upper_teeth_and_gums": "teeth_upper",
    "lower_teeth_and_gums": "teeth_lower",
}
_CORNEAS = "eye_exteriors"


def lay_out(
    source: GnmSource, eyes: Float[Tensor, "2 3"]
) -> tuple[tuple[MeshPart, ...], Float[Tensor, "uvs 2"]]:
    """Return the parts, the skin first, and the uvs they index.

    Skin, teeth and tongue keep the file's layout, in which each fills the square by itself; so
    each has a material of its own. The eyes, whose clear outer shells become `cornea_left` and
    `cornea_right`, get the polar layout that the default eye is painted in.

    Args:
        source: the model.
        eyes: centres of the left and the right eyeball, in the file's frame.
    """
    uvs = _one_square(source.triangle_uvs)
    for side, centre in zip(SIDES, eyes, strict=True):
        own = source.groups[f"{side}_eye"][source.faces[:, 0]]
        corners = source.template[source.faces[own]].flatten(0, 1)
        uvs[own] = polar_eye_uvs(corners, centre, side).unflatten(0, (-1, 3))
    table, indices = torch.unique(uvs.flatten(0, 1), dim=0, return_inverse=True)
    uv_faces = indices.unflatten(0, (-1, 3))
    shell = torch.zeros(len(source.template), dtype=torch.bool)
    shell = source.groups.get(_CORNEAS, shell)[source.faces].all(1)
    parts: list[MeshPart] = []
    for component in sorted(source.components, key=lambda name: name != "skin"):
        own = source.groups[component][source.faces[:, 0]]
        name = _NAMES.get(component, component)
        if not name.startswith("eye_"):
            parts += _part(name, name, source.faces[own], uv_faces[own])
            continue
        ball, cornea = own & ~shell, own & shell
        parts += _part(name, "eye", source.faces[ball], uv_faces[ball])
        clear = name.replace("eye", "cornea")
        parts += _part(clear, "cornea", source.faces[cornea], uv_faces[cornea])
    return tuple(parts), table


def _part(
    name: str, material: str, faces: Int[Tensor, "faces 3"], uv_faces: Int[Tensor, "faces 3"]
) -> list[MeshPart]:
    """Return the part, or nothing where it has no triangles."""
    if len(faces) == 0:
        return []
    return [MeshPart(name=name, material=material, faces=faces, uv_faces=uv_faces)]


def _one_square(uvs: Float[Tensor, "faces 3 2"]) -> Float[Tensor, "faces 3 2"]:
    """Return glTF's uvs: v turned to run down, tiles laid over one another."""
    # A corner on a tile's far border would belong to the next one; its triangle tells.
    tile = uvs.amin(1, keepdim=True).floor()
    u, v = (uvs - tile).unbind(-1)
    return torch.stack([u, 1 - v], -1)
