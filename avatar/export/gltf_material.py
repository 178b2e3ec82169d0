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
    specular: EncodedImage | None
    normal: EncodedImage | None
    occlusion: EncodedImage | None


def encode_materials(
    materials: Sequence[Material], options: TextureOptions
) -> tuple[MaterialImages, ...]:
    """Encode the maps of each material, several at a time."""
    encoders: tuple[Callable[[Material, TextureOptions], EncodedImage | None], ...] = (
        _base_color_image,
        _metallic_roughness_image,
        _specular_image,
        _normal_image,
        _occlusion_image,
    )
    with ThreadPoolExecutor() as pool:
        jobs = [[pool.submit(encode, m, options) for encode in encoders] for m in materials]
        encoded = [[job.result() for job in row] for row in jobs]
    return tuple(
        MaterialImages(
            base_color=base_color,
            metallic_roughness=roughness,
            specular=specular,
            normal=normal,
            occlusion=occlusion,
        )
        for base_color, roughness, specular, normal, occlusion in encoded
    )


def add_material(document: GltfDocument, material: Material, images: MaterialImages) -> int:
    """Add a material with its textures and return its index."""
    textures: Json = {
        kind: {"index": document.add_texture(image, f"{material.name}_{kind}")}
        for kind, image in vars(images).items()
        if image
    }
    if _shares_occlusion(material):
        textures["occlusion"] = textures["metallic_roughness"]
    surface: Json = {
        "baseColorFactor": list(material.base_color),
        "metallicFactor": material.metallic,
        "roughnessFactor": material.roughness,
    }
    item: Json = {
        "name": material.name,
        "pbrMetallicRoughness": surface,
        "alphaMode": material.alpha_mode.upper(),
        "doubleSided": material.double_sided,
    }
    for place, name, kind in (
        (surface, "baseColorTexture", "base_color"),
        (surface, "metallicRoughnessTexture", "metallic_roughness"),
        (item, "normalTexture", "normal"),
        (item, "occlusionTexture", "occlusion"),
    ):
        if kind in textures:
            place[name] = textures[kind]
    if material.alpha_mode == "mask":
        item["alphaCutoff"] = 0.5
    extensions = _extensions(material, textures)
    for name in extensions:
        document.use_extension(name)
    if extensions:
        item["extensions"] = extensions
    return document.add("materials", item)


def _extensions(material: Material, textures: Json) -> Json:
    """Return what the core format cannot say; readers without an extension show less gloss."""
    extensions: Json = {}
    specular: Json = {}
    if material.specular != 1:
        specular["specularFactor"] = material.specular
    if "specular" in textures:
        specular["specularTexture"] = textures["specular"]
    if _is_clear(material):
        # Blending weighs highlights by alpha; they shall be those of glass. Transmission, which is
        # meant for that, costs engines a pass over the whole scene, and where it is unknown leaves
        # a wall before the iris.
        specular["specularColorFactor"] = [1 / material.base_color[3]] * 3
    if specular:
        extensions["KHR_materials_specular"] = specular
    if material.ior != 1.5:
        extensions["KHR_materials_ior"] = {"ior": material.ior}
    if material.clearcoat > 0:
        extensions["KHR_materials_clearcoat"] = {
            "clearcoatFactor": material.clearcoat,
            "clearcoatRoughnessFactor": material.clearcoat_roughness,
        }
    return extensions


def _is_clear(material: Material) -> bool:
    """Tell glass-like surfaces such as the cornea, which are seen by their highlights alone."""
    return (
        material.alpha_mode == "blend"
        and material.base_color_map is None
        and 0 < material.base_color[3] < 0.5
    )


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
    roughness = linear_levels(shrunk(material.roughness_map[..., None], options.size))
    # Green is roughness, blue multiplies the metallic factor, red is occlusion in the files of many
    # engines: it must read "not occluded" where that is unknown.
    full = torch.full_like(roughness, 255)
    occlusion = full
    if material.occlusion_map is not None and _shares_occlusion(material):
        occlusion = linear_levels(shrunk(material.occlusion_map[..., None], options.size))
    return encode_image(torch.cat([occlusion, roughness, full], dim=-1))


def _shares_occlusion(material: Material) -> bool:
    """Tell whether occlusion goes into the red channel of the roughness' image."""
    rough, occlusion = material.roughness_map, material.occlusion_map
    return rough is not None and occlusion is not None and rough.shape == occlusion.shape


def _occlusion_image(material: Material, options: TextureOptions) -> EncodedImage | None:
    if material.occlusion_map is None or _shares_occlusion(material):
        return None
    return encode_image(linear_levels(shrunk(material.occlusion_map[..., None], options.size)))


def _specular_image(material: Material, options: TextureOptions) -> EncodedImage | None:
    if material.specular_map is None:
        return None
    # Alpha alone counts.
    levels = linear_levels(shrunk(material.specular_map[..., None], options.size))
    return encode_image(torch.cat([torch.full_like(levels, 255).expand(-1, -1, 3), levels], dim=-1))


def _normal_image(material: Material, options: TextureOptions) -> EncodedImage | None:
    if material.normal_map is None:
        return None
    normals = shrunk(material.normal_map, options.size)
    if normals is not material.normal_map:
        # Averaging has shortened them.
        normals = torch.nn.functional.normalize(normals * 2 - 1, dim=-1) * 0.5 + 0.5
    return encode_image(linear_levels(normals))
