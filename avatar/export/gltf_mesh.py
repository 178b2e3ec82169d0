"""Parts as skinned glTF meshes with their morph targets."""

import numpy as np
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.mesh import Mesh
from avatar.export.gltf_document import (
    ARRAY_BUFFER,
    ELEMENT_ARRAY_BUFFER,
    GltfDocument,
    Json,
    smallest_index_type,
)
from avatar.export.gltf_rig import strongest_influences
from avatar.export.split_seams import SplitPart


def add_vertices(
    document: GltfDocument,
    mesh: Mesh,
    split: SplitPart,
    normals: Float[Tensor, "verts 3"],
    skin_weights: Float[Tensor, "verts joints"],
) -> dict[str, int]:
    """Store what every vertex of a part has, and return the accessors by attribute."""
    joints, weights = strongest_influences(skin_weights[split.sources])
    positions = mesh.vertices[split.sources].numpy()
    joint_type = np.uint8 if skin_weights.shape[1] <= 256 else np.uint16
    uvs = mesh.uvs[split.uv_sources].numpy()
    return {
        "POSITION": document.add_accessor(positions, target=ARRAY_BUFFER, bounds=True),
        "NORMAL": document.add_accessor(normals[split.sources].numpy(), target=ARRAY_BUFFER),
        "TEXCOORD_0": document.add_accessor(uvs, target=ARRAY_BUFFER),
        "JOINTS_0": document.add_accessor(joints.numpy().astype(joint_type), target=ARRAY_BUFFER),
        "WEIGHTS_0": document.add_accessor(weights.numpy(), target=ARRAY_BUFFER),
    }


def add_mesh(
    document: GltfDocument,
    split: SplitPart,
    attributes: dict[str, int],
    material: int,
    targets: list[Json],
) -> int:
    """Add a part as a mesh of one primitive; what it has of targets is all 52, or none."""
    indices = split.faces.reshape(-1).numpy().astype(smallest_index_type(len(split.sources)))
    primitive: Json = {
        "attributes": attributes,
        "indices": document.add_accessor(indices, target=ELEMENT_ARRAY_BUFFER),
        "material": material,
    }
    mesh: Json = {"name": split.name, "primitives": [primitive]}
    if targets:
        names = {"targetNames": list(ARKIT_NAMES)}
        primitive |= {"targets": targets, "extras": names}
        mesh |= {"weights": [0.0] * len(targets), "extras": names}
    return document.add("meshes", mesh)
