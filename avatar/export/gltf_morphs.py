"""The 52 morph targets: how positions and normals change, and which vertices do at all."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.mesh import Mesh, vertex_normals
from avatar.core.rig import Rig
from avatar.export.gltf_document import ARRAY_BUFFER, GltfDocument, Json
from avatar.export.split_seams import SplitPart

SMALLEST_SHIFT = 1e-8
"""Displacements (metres) that are noise: 52 of them together stay under a micrometre."""

SMALLEST_TILT = 1e-5
"""Changes of a unit normal that are noise: a thousandth of a degree."""

DENSE_SHARE = 0.7
"""From this share of moved vertices on, their numbers cost about what the others' zeros do."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What changes by vectors: the numbers of the rows (rising), and by how much."""

    rows: Int[Tensor, " moved"]
    values: Float[Tensor, "moved 3"]


@dataclass(frozen=True, kw_only=True)
class Morph:
    """Changes of the mesh's positions (metres) and unit normals by one morph target."""

    shifts: Changes
    tilts: Changes | None


def measure_morphs(
    mesh: Mesh, rig: Rig, normals: Float[Tensor, "verts 3"], *, with_normals: bool
) -> tuple[Morph, ...]:
    """Find what each of the rig's morphs moves and, if asked, how that turns the normals."""
    faces = mesh.faces
    morphs: list[Morph] = []
    for displacements in rig.morphs:
        moved = _larger(displacements, SMALLEST_SHIFT)
        shifts = _changes(displacements, moved)
        tilts = _tilts(mesh.vertices, faces, normals, shifts) if with_normals else None
        morphs.append(Morph(shifts=shifts, tilts=tilts))
    return tuple(morphs)


def unit_normals(
    vertices: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"]
) -> Float[Tensor, "verts 3"]:
    """Return normals of unit length everywhere, as glTF demands even of vertices without area."""
    normals = vertex_normals(vertices, faces)
    normals[~_larger(normals, 0.5)] = normals.new_tensor([0.0, 0.0, 1.0])
    return normals


def add_morph_targets(
    document: GltfDocument, part: SplitPart, morphs: tuple[Morph, ...], *, sparse: bool
) -> list[Json]:
    """Add a part's 52 targets; none if no morph moves it.

    Targets that leave the part alone share one array of zeros: an accessor without data means the
    same, but not every reader takes it.
    """
    shifts = [_of_part(part, morph.shifts) for morph in morphs]
    if not any(len(shift.rows) for shift in shifts):
        return []
    count = len(part.sources)
    unmoved = np.zeros((count, 3), np.float32)
    zeros = document.add_accessor(unmoved, target=ARRAY_BUFFER, bounds=True)

    def add(changes: Changes) -> int:
        rows, values = changes.rows.numpy(), changes.values.numpy()
        if len(rows) == 0:
            return zeros
        if sparse and len(rows) < DENSE_SHARE * count:
            return document.add_sparse_accessor(count, rows, values)
        dense = unmoved.copy()
        dense[rows] = values
        return document.add_accessor(dense, target=ARRAY_BUFFER, bounds=True)

    targets: list[Json] = []
    for morph, shift in zip(morphs, shifts, strict=True):
        target = {"POSITION": add(shift)}
        if morph.tilts is not None:
            target["NORMAL"] = add(_of_part(part, morph.tilts))
        targets.append(target)
    return targets


def _tilts(
    vertices: Float[Tensor, "verts 3"],
    faces: Int[Tensor, "faces 3"],
    normals: Float[Tensor, "verts 3"],
    shifts: Changes,
) -> Changes:
    """Return how the normals change, looking only at triangles around the vertices that move."""
    moved = torch.zeros(len(vertices), dtype=torch.bool)
    moved[shifts.rows] = True
    touched = torch.zeros_like(moved)
    touched[faces[_any_corner(moved, faces)].reshape(-1)] = True
    shifted = vertices.index_add(0, shifts.rows, shifts.values)
    after = unit_normals(shifted, faces[_any_corner(touched, faces)])
    change = after - normals
    return _changes(change, touched & _larger(change, SMALLEST_TILT))


def _of_part(part: SplitPart, changes: Changes) -> Changes:
    """Return the changes of a part's own vertices."""
    place = torch.full((int(part.sources.max()) + 1,), -1)
    inside = changes.rows < len(place)
    place[changes.rows[inside]] = torch.arange(len(changes.rows))[inside]
    found = place[part.sources]
    rows = (found >= 0).nonzero()[:, 0]
    return Changes(rows=rows, values=changes.values[found[rows]])


def _changes(vectors: Float[Tensor, "verts 3"], chosen: Bool[Tensor, " verts"]) -> Changes:
    rows = chosen.nonzero()[:, 0]
    return Changes(rows=rows, values=vectors[rows])


def _any_corner(
    chosen: Bool[Tensor, " verts"], faces: Int[Tensor, "faces 3"]
) -> Bool[Tensor, " faces"]:
    # Column by column: reducing over an axis of three is many times slower.
    a, b, c = faces.unbind(1)
    return chosen[a] | chosen[b] | chosen[c]


def _larger(vectors: Float[Tensor, "verts 3"], length: float) -> Bool[Tensor, " verts"]:
    x, y, z = vectors.unbind(1)
    # What is not a number counts as larger, so that it is met and refused where it is stored.
    return ~(x * x + y * y + z * z <= length * length)
