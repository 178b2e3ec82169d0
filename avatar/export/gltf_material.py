"""Materials in glTF's metallic-roughness model, their maps embedded as images."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch

from avatar.core.material import Material
from avatar.export.encode_image import (
    EncodedImage,
    ImageFormat,
    encode_image,
    linear_levels,
    shrunk,
    srgb_levels,
)
from avatar.export.gltf_document import GltfDocument, Json


@dataclass(frozen=True, kw_only=True)
class TextureOptions:
    """How maps are stored: their largest side in pixels (None keeps it), and the file format.

    JPEG applies to colour alone: data maps and what has alpha stay PNG.
    """

    size: int | None = None
    image_format: ImageFormat = "png"
    jpeg_quality: int = 95


@dataclass(frozen=True, kw_only=True)
class MaterialImages:
    """A material's maps as image files, None where it has none."""

    base_color: EncodedImage | None
    metallic_roughness: EncodedImage | None
    normal: EncodedImage | None


def encode_materials(
    materials: Sequence[Material], options: TextureOptions
) -> tuple[MaterialImages, ...]:
    """Encode the maps of each material, several at a time."""
    encoders: tuple[Callable[[Material, TextureOptions], EncodedImage | None], ...] = (
        _base_color_image,
        _metallic_roughness_image,
        _normal_image,
    )
    with ThreadPoolExecutor() as pool:
        jobs = [[pool.submit(encode, m, options) for encode in encoders] for m in materials]
        encoded = [[job.result() for job in row] for row in jobs]
    return tuple(
        MaterialImages(base_color=base_color, metallic_roughness=roughness, normal=normal)
        for base_color, roughness, normal in encoded
    )


def add_material(document: GltfDocument, material: Material, images: MaterialImages) -> int:
    """Add a material with its textures and return its index."""
    surface: Json = {
        "baseColorFactor": list(material.base_color),
        "metallicFactor": material.metallic,
        "roughnessFactor": material.roughness,
    }
    if images.base_color:
        name = f"{material.name}_base_color"
        surface["baseColorTexture"] = {"index": document.add_texture(images.base_color, name)}
    if images.metallic_roughness:
        name = f"{material.name}_metallic_roughness"
        surface["metallicRoughnessTexture"] = {
            "index": document.add_texture(images.metallic_roughness, name)
        }
    item: Json = {
        "name": material.name,
        "pbrMetallicRoughness": surface,
        "alphaMode": material.alpha_mode.upper(),
        "doubleSided": material.double_sided,
    }
    if material.alpha_mode == "mask":
        item["alphaCutoff"] = 0.5
    if images.normal:
        name = f"{material.name}_normal"
        item["normalTexture"] = {"index": document.add_texture(images.normal, name)}
    if _is_clear(material):
        _strengthen_highlights(document, item, material.base_color[3])
    return document.add("materials", item)


def _is_clear(material: Material) -> bool:
    """Tell glass-like surfaces such as the cornea, which are seen by their highlights alone."""
    return (
        material.alpha_mode == "blend"
        and material.base_color_map is None
        and 0 < material.base_color[3] < 0.5
    )


def _strengthen_highlights(document: GltfDocument, item: Json, alpha: float) -> None:
    """Give a clear surface the highlights it would have if blending did not weigh them by alpha.

    Readers without the extension show fainter highlights and nothing worse. Transmission, which is
    meant for glass, costs engines a pass over the whole scene, and where it is unknown leaves a
    wall before the iris.
    """
    document.use_extension("KHR_materials_specular")
    item["extensions"] = {"KHR_materials_specular": {"specularColorFactor": [1 / alpha] * 3}}


def _base_color_image(material: Material, options: TextureOptions) -> EncodedImage | None:
    if material.base_color_map is None:
        return None
    linear = shrunk(material.base_color_map, options.size)
    levels = srgb_levels(linear[..., :3])
    if linear.shape[-1] == 4 and material.alpha_mode != "opaque":
        levels = torch.cat([levels, linear_levels(linear[..., 3:])], dim=-1)
    return encode_image(levels, options.image_format, options.jpeg_quality)


def _metallic_roughness_image(material: Material, options: TextureOptions) -> EncodedImage | None:
    if material.roughness_map is None:
        return None
    roughness = shrunk(material.roughness_map[..., None], options.size)
    # Green is roughness, blue multiplies the metallic factor; red is free, and occlusion in the
    # files of many engines, so it must read "not occluded".
    levels = linear_levels(roughness)
    full = torch.full_like(levels, 255)
    return encode_image(torch.cat([full, levels, full], dim=-1))


def _normal_image(material: Material, options: TextureOptions) -> EncodedImage | None:
    if material.normal_map is None:
        return None
    normals = shrunk(material.normal_map, options.size)
    if normals is not material.normal_map:
        # Averaging has shortened them.
        normals = torch.nn.functional.normalize(normals * 2 - 1, dim=-1) * 0.5 + 0.5
    return encode_image(linear_levels(normals))
