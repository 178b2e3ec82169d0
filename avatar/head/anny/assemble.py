"""Stack the skin and the parts into one head model."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from scipy import sparse
from scipy.spatial import KDTree
from torch import Tensor

from avatar.core.mesh import MeshPart
from avatar.head.anny.linear_map import apply_map, size_of
from avatar.head.anny.rig import JOINT_NAMES
from avatar.head.anny.surface import SkinSurface
from avatar.head.parts.part import PartGeometry

# How far a part's vertex may lie from its counterpart's mirror image.
_MIRROR_TOLERANCE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """The skin followed by the parts, one vertex array; `offsets` are the parts' first vertices."""

    skin: SkinSurface
    parts: tuple[PartGeometry, ...]

    @property
    def skin_count(self) -> int:
        """Number of the skin's vertices, which come first."""
        return len(self.skin.mesh.mirror)

    @property
    def vertex_count(self) -> int:
        """Number of all vertices."""
        return self.skin_count + sum(len(part.vertices) for part in self.parts)

    def slices(self) -> dict[str, slice]:
        """Return where each part's vertices lie."""
        places: dict[str, slice] = {}
        start = self.skin_count
        for part in self.parts:
            places[part.name] = slice(start, start + len(part.vertices))
            start += len(part.vertices)
        return places

    def template(self, reference: Float[Tensor, "source 3"]) -> Float[Tensor, "verts 3"]:
        """Return the vertices of the reference head."""
        skin = apply_map(self.skin.smooth, reference)
        return torch.cat([skin, *(part.vertices for part in self.parts)])

    def identity_basis(
        self, modes: Float[Tensor, "modes source 3"]
    ) -> Float[Tensor, "modes verts 3"]:
        """Return the displacements the source's modes cause, float32."""
        maps = sparse.csr_array(
            sparse.vstack([self.skin.smooth, *(part.binding for part in self.parts)])
        )
        basis = torch.empty(len(modes), size_of(maps)[0], 3)
        for mode, moves in zip(basis, modes, strict=True):
            mode.copy_(apply_map(maps, moves))
        return basis

    def expression_basis(
        self, expressions: Float[Tensor, "52 source 3"]
    ) -> Float[Tensor, "52 verts 3"]:
        """Return the ARKit displacements of the skin and the parts."""
        skin = torch.stack([apply_map(self.skin.smooth, shape) for shape in expressions])
        return torch.cat([skin, *(part.expression for part in self.parts)], dim=1)

    def skin_weights(
        self, weights: Float[Tensor, "source joints"]
    ) -> Float[Tensor, "verts joints"]:
        """Return the skin's interpolated weights; a part belongs to its one joint."""
        rows = [apply_map(self.skin.linear, weights)]
        for part in self.parts:
            row = torch.zeros(len(part.vertices), len(JOINT_NAMES), dtype=weights.dtype)
            row[:, JOINT_NAMES.index(part.joint)] = 1
            rows.append(row)
        return torch.cat(rows)

    def mesh_parts(self) -> tuple[tuple[MeshPart, ...], Float[Tensor, "uvs 2"]]:
        """Return the parts, skin first, indexing the assembly's vertices, and all uvs."""
        skin = self.skin
        found = [
            MeshPart(name="skin", faces=skin.triangles, uv_faces=skin.uv_triangles, material="skin")
        ]
        uvs = [skin.uvs]
        uv_start = len(skin.uvs)
        places = self.slices()
        for part in self.parts:
            found.append(
                MeshPart(
                    name=part.name,
                    faces=part.faces + places[part.name].start,
                    uv_faces=part.uv_faces + uv_start,
                    material=part.material,
                )
            )
            uvs.append(part.uvs)
            uv_start += len(part.uvs)
        return tuple(found), torch.cat([uv.double() for uv in uvs])

    def mask(self, bust_mask: Bool[Tensor, " bust"]) -> Bool[Tensor, " verts"]:
        """Return a mask of bust vertices on the fine skin; parts' vertices are outside."""
        share = apply_map(self.skin.spread, bust_mask[:, None].double())[:, 0]
        padding = torch.zeros(self.vertex_count - self.skin_count, dtype=torch.bool)
        return torch.cat([share > 0.5, padding])

    def mirror(self) -> Int[Tensor, " verts"]:
        """Return each vertex's counterpart; parts without a mirrored vertex keep their own."""
        mirror = [self.skin.mesh.mirror]
        places = self.slices()
        by_name = {part.name: part for part in self.parts}
        for part in self.parts:
            other = by_name.get(_other_side(part.name), part)
            tree = KDTree((other.vertices * torch.tensor([-1.0, 1.0, 1.0])).numpy())
            distance, nearest = tree.query(part.vertices.numpy())
            own = torch.arange(len(part.vertices)) + places[part.name].start
            found = torch.from_numpy(nearest) + places[other.name].start
            paired = torch.from_numpy(distance) < _MIRROR_TOLERANCE
            if other is part:
                # Points in the middle plane stay, even where two of them coincide.
                paired &= part.vertices[:, 0].abs() > _MIRROR_TOLERANCE / 2
            mirror.append(torch.where(paired, found, own))
        return torch.cat(mirror)


def _other_side(name: str) -> str:
    if name.endswith("_left"):
        return name.removesuffix("left") + "right"
    if name.endswith("_right"):
        return name.removesuffix("right") + "left"
    return name
