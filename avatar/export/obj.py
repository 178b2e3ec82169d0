"""The neutral head as a Wavefront .obj with its .mtl and textures: for sculpting and scan tools.

The format knows no rig: morphs and joints are in the .glb only. Vertices keep their order, and
are not split at seams, so that what comes back from a sculpting tool still fits the rig.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.core.avatar import Avatar
from avatar.core.errors import OptionError
from avatar.core.material import Material
from avatar.core.mesh import MeshPart
from avatar.export.encode_image import EncodedImage
from avatar.export.gltf_material import MaterialImages, TextureOptions, encode_materials
from avatar.export.gltf_morphs import unit_normals
from avatar.files.atomic import atomic_outputs


def export_obj(
    avatar: Avatar, path: Path | str, options: TextureOptions | None = None
) -> tuple[Path, ...]:
    """Write the neutral head as `path`, with an .mtl and images beside it; return all files.

    Metres, +Y up, the face along +Z. The files appear all or none.

    Raises:
        OptionError: `path` does not end in .obj.
        OutputError: a file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".obj":
        raise OptionError(f"path: expected a file ending in .obj, got {path.name!r}")
    names = dict.fromkeys(part.material for part in avatar.mesh.parts)
    materials = [avatar.material(name) for name in names]
    images = encode_materials(materials, options or TextureOptions())
    library, textures = _material_library(path, materials, images)
    contents = {
        path: _geometry(avatar, path.with_suffix(".mtl").name),
        path.with_suffix(".mtl"): library,
        **textures,
    }
    with atomic_outputs(contents) as temporary:
        for target, data in contents.items():
            temporary[target].write_bytes(data)
    return tuple(contents)


def _geometry(avatar: Avatar, library: str) -> bytes:
    mesh = avatar.mesh
    normals = unit_normals(mesh.vertices.float(), mesh.faces)
    uvs = mesh.uvs.detach().cpu().numpy() * [1, -1] + [0, 1]  # v runs up in this format
    file = io.BytesIO()
    file.write(f"# {avatar.info.name}, {avatar.info.licence}\nmtllib {library}\n".encode())
    _write_rows(file, "v %.8f %.8f %.8f", mesh.vertices.detach().cpu().numpy())
    _write_rows(file, "vt %.7f %.7f", uvs)
    _write_rows(file, "vn %.5f %.5f %.5f", normals.detach().cpu().numpy())
    for part in mesh.parts:
        file.write(f"o {part.name}\nusemtl {part.material}\n".encode())
        _write_rows(file, "f %d/%d/%d %d/%d/%d %d/%d/%d", _corners(part))
    return file.getvalue()


def _write_rows(file: io.BytesIO, row: str, values: NDArray[Any]) -> None:
    file.write(((row + "\n") * len(values) % tuple(values.reshape(-1).tolist())).encode())


def _corners(part: MeshPart) -> NDArray[np.int64]:
    """Return vertex, texture coordinate and normal of each corner, counted from one."""
    faces, uv_faces = part.faces.cpu().numpy(), part.uv_faces.cpu().numpy()
    return np.stack([faces, uv_faces, faces], axis=-1).reshape(-1, 9) + 1


def _material_library(
    path: Path, materials: list[Material], images: tuple[MaterialImages, ...]
) -> tuple[bytes, dict[Path, bytes]]:
    """Return the .mtl and the image files it names."""
    lines: list[str] = []
    textures: dict[Path, bytes] = {}

    def place(image: EncodedImage | None, name: str, statement: str) -> None:
        if image is not None:
            target = path.with_name(f"{path.stem}_{name}{image.suffix}")
            textures[target] = image.data
            lines.append(f"{statement} {target.name}")

    for material, found in zip(materials, images, strict=True):
        red, green, blue, alpha = material.base_color
        lines += [
            f"newmtl {material.name}",
            f"Kd {red:.5f} {green:.5f} {blue:.5f}",
            "Ks 0.04 0.04 0.04",
            f"Pr {material.roughness:.5f}",
            f"Pm {material.metallic:.5f}",
            f"d {alpha:.5f}",
            "illum 2",
        ]
        place(found.base_color, f"{material.name}_color", "map_Kd")
        if material.alpha_mode != "opaque" and found.base_color is not None:
            place(found.base_color, f"{material.name}_color", "map_d -imfchan m")
        place(found.normal, f"{material.name}_normal", "norm")
    return ("\n".join(lines) + "\n").encode(), textures
