"""Avatars as game-ready .glb files.

What is in the file, and why:

- One mesh and one node a part (`skin`, `eye_left`, ...), all tied to one skin. A single mesh of
  several primitives imports no better: Blender joins it into one object, three.js and Unity take
  it apart again, and parts that never move would carry 52 empty targets.
- The skeleton's root and the meshes stand side by side at the top of the scene: a skinned mesh
  ignores the nodes above it, and placing it under a joint only misleads.
- Every mesh that any morph moves has all 52 targets in the order of `ARKIT_NAMES`, so index and
  name agree from part to part. Names are in `mesh.extras.targetNames`, where readers look, and in
  `primitive.extras.targetNames` for old ones.
- Metres, +Y up, the face along +Z; `Left` and `Right` are the subject's.

How engines show it:

| Reader | Morphs | Joints | Axes |
|---|---|---|---|
| Blender | shape keys of each object, after `Basis` | bones of one armature | Z up |
| Unity | blend shapes of a SkinnedMeshRenderer a part | transforms | X mirrored |
| Unreal (Interchange) | morph targets of one skeletal mesh | bones | Z up, centimetres |
| three.js | `morphTargetDictionary[name]` of each part | `Bone` objects | as here |
| Godot | blend shapes of each MeshInstance3D | one Skeleton3D | as here |

Blender and three.js are checked vertex by vertex (`tests/export/check_exports.sh`); the other rows
are what those engines document. With an animation Blender keeps an empty under the part's name and
calls the object `skin.001`: find objects by their mesh's name, which stays. In every reader a
driver sets the same name on all parts that have it. Names reach the engine unchanged: Apple's,
which Live Link Face and VRM's "perfect sync" use too, up to the first letter's case.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from avatar.core.avatar import Avatar
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.core.mesh import MeshPart
from avatar.core.rig import Rig
from avatar.export.encode_image import ImageFormat
from avatar.export.gltf_clip import add_clip, check_clip
from avatar.export.gltf_document import ARRAY_BUFFER, GltfDocument, Json
from avatar.export.gltf_material import TextureOptions, add_material, encode_materials
from avatar.export.gltf_mesh import add_mesh, add_vertices
from avatar.export.gltf_morphs import add_morph_targets, measure_morphs, unit_normals
from avatar.export.gltf_rig import add_skeleton
from avatar.export.gltf_tangents import vertex_tangents
from avatar.export.split_seams import split_seams
from avatar.files.atomic import atomic_write


@dataclass(frozen=True, kw_only=True)
class GlbOptions:
    """What goes into the file and how.

    `texture_size` is the largest side of a map in pixels (None keeps all of it); `image_format`
    is that of colour maps without alpha, `jpeg_quality` from 1 to 100; `morph_normals` adds how
    morphs turn the normals, without which creases do not show in engines that do not compute
    them; `sparse_morphs` stores only the vertices a morph moves, which every reader named above
    understands, some very old ones not; `parts` are the names to export (None: all); `clip` is
    added as an animation.

    Raises:
        OptionError: a value makes no sense.
    """

    texture_size: int | None = None
    image_format: ImageFormat = "png"
    jpeg_quality: int = 95
    morph_normals: bool = True
    sparse_morphs: bool = True
    parts: tuple[str, ...] | None = None
    clip: Clip | None = None

    def __post_init__(self) -> None:
        if self.texture_size is not None and self.texture_size < 1:
            raise OptionError(
                f"texture_size: expected 1 pixel or more, or None, got {self.texture_size}"
            )
        if self.image_format not in ("png", "jpeg"):
            raise OptionError(f"image_format: expected png or jpeg, got {self.image_format!r}")
        if not 1 <= self.jpeg_quality <= 100:
            raise OptionError(f"jpeg_quality: expected 1 to 100, got {self.jpeg_quality}")


def export_glb(avatar: Avatar, path: Path | str, options: GlbOptions | None = None) -> None:
    """Write an avatar as one binary glTF 2.0 file, whole or not at all.

    Raises:
        OptionError: an option names a part or joint that the avatar lacks, or a clip is malformed.
        OutputError: the file cannot be written, or the avatar's arrays hold no numbers.
    """
    options = options or GlbOptions()
    _chosen_parts(avatar, options.parts)
    if options.clip is not None:
        check_clip(options.clip, avatar.rig)
    # Opened first, so that an impossible path is told before the work and not after it.
    with atomic_write(path) as file:
        _document(_single_precision(avatar), options).write(file)


def _chosen_parts(avatar: Avatar, names: tuple[str, ...] | None) -> list[MeshPart]:
    available = [part.name for part in avatar.mesh.parts]
    unknown = sorted(set(names or ()) - set(available))
    if unknown:
        raise OptionError(f"parts: no {unknown} in this avatar; it has {available}")
    chosen = [p for p in avatar.mesh.parts if (names is None or p.name in names) and len(p.faces)]
    if not chosen:
        raise OptionError(f"parts: expected at least one of {available}, got {names}")
    return chosen


def _document(avatar: Avatar, options: GlbOptions) -> GltfDocument:
    mesh, rig = avatar.mesh, avatar.rig
    parts = _chosen_parts(avatar, options.parts)
    # A texture that repeats for no need shows one edge's colour as a line along the other.
    repeat = bool((mesh.uvs < -1e-4).any() or (mesh.uvs > 1 + 1e-4).any())
    document = GltfDocument(_asset(avatar), textures_repeat=repeat)
    materials = _add_materials(document, avatar, parts, options)
    normals = unit_normals(mesh.vertices, mesh.faces)
    morphs = measure_morphs(mesh, rig, normals, with_normals=options.morph_normals)
    skeleton = add_skeleton(document, rig)
    nodes: list[int] = []
    moving: list[int] = []
    for part in parts:
        split = split_seams(mesh, part)
        attributes = add_vertices(document, mesh, split, normals, rig.skin_weights)
        if avatar.material(part.material).normal_map is not None:
            tangents = vertex_tangents(mesh, part, split, normals).numpy()
            attributes["TANGENT"] = document.add_accessor(tangents, target=ARRAY_BUFFER)
        targets = add_morph_targets(document, split, morphs, sparse=options.sparse_morphs)
        index = add_mesh(document, split, attributes, materials[part.material], targets)
        node: Json = {"name": _node_name(part, rig), "mesh": index, "skin": skeleton.skin}
        nodes.append(document.add("nodes", node))
        moving += nodes[-1:] if targets else []
    if options.clip is not None:
        add_clip(document, options.clip, moving, skeleton)
    document.add("scenes", {"name": avatar.info.name, "nodes": [skeleton.root, *nodes]})
    document.set("scene", 0)
    return document


def _node_name(part: MeshPart, rig: Rig) -> str:
    """Return the part's name, told apart from a joint's: animations find nodes by name."""
    return f"{part.name}_mesh" if part.name in rig.joint_names else part.name


def _single_precision(avatar: Avatar) -> Avatar:
    """Return the avatar's mesh and rig as the file holds them: on the CPU, in 32 bits."""

    def single(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.detach().to("cpu", torch.float32)

    mesh, rig = avatar.mesh, avatar.rig
    parts = tuple(
        replace(part, faces=part.faces.long().cpu(), uv_faces=part.uv_faces.long().cpu())
        for part in mesh.parts
    )
    return replace(
        avatar,
        mesh=replace(mesh, vertices=single(mesh.vertices), uvs=single(mesh.uvs), parts=parts),
        rig=replace(
            rig,
            morphs=single(rig.morphs),
            joint_positions=single(rig.joint_positions),
            skin_weights=single(rig.skin_weights),
        ),
    )


def _asset(avatar: Avatar) -> Json:
    info = avatar.info
    extras = {"name": info.name, "headModel": info.head_model, "licence": info.licence}
    return {"generator": info.generator, "copyright": info.licence, "extras": extras}


def _add_materials(
    document: GltfDocument, avatar: Avatar, parts: list[MeshPart], options: GlbOptions
) -> dict[str, int]:
    """Add the materials that the parts use, and return their indices by name."""
    names = list(dict.fromkeys(part.material for part in parts))
    materials = [avatar.material(name) for name in names]
    textures = TextureOptions(
        size=options.texture_size,
        image_format=options.image_format,
        jpeg_quality=options.jpeg_quality,
    )
    images = encode_materials(materials, textures)
    indices = [add_material(document, m, i) for m, i in zip(materials, images, strict=True)]
    return dict(zip(names, indices, strict=True))
