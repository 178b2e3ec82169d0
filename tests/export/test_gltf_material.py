import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from avatar.core.avatar import Avatar
from avatar.core.material import Material, linear_from_srgb, srgb_from_linear
from avatar.export.encode_image import shrunk, srgb_levels
from avatar.export.glb import export_glb
from tests.export.glb_reader import Glb


def material(glb: Glb, name: str) -> dict:
    return next(m for m in glb.json["materials"] if m["name"] == name)


def image(glb: Glb, texture: dict) -> tuple[np.ndarray, str]:
    entry = glb.json["images"][glb.json["textures"][texture["index"]]["source"]]
    picture = Image.open(io.BytesIO(glb.view(entry["bufferView"])))
    assert picture.get_format_mimetype() == entry["mimeType"]
    return np.array(picture), entry["mimeType"]


def test_base_colour_is_stored_as_srgb_with_its_first_row_on_top(avatar: Avatar, glb: Glb) -> None:
    pixels, _ = image(glb, material(glb, "skin")["pbrMetallicRoughness"]["baseColorTexture"])
    decoded = linear_from_srgb(torch.from_numpy(pixels) / 255)
    assert torch.allclose(decoded, avatar.material("skin").base_color_map, atol=0.004)


def test_roughness_is_green_and_metal_stays_the_factors(avatar: Avatar, glb: Glb) -> None:
    surface = material(glb, "skin")["pbrMetallicRoughness"]
    pixels, _ = image(glb, surface["metallicRoughnessTexture"])
    truth = avatar.material("skin").roughness_map.numpy() * 255
    assert np.abs(pixels[..., 1] - truth).max() <= 0.51
    assert (pixels[..., [0, 2]] == 255).all()
    assert surface["roughnessFactor"] == 0.9
    assert surface["metallicFactor"] == 0


def test_normal_map_keeps_its_encoding(avatar: Avatar, glb: Glb) -> None:
    pixels, _ = image(glb, material(glb, "skin")["normalTexture"])
    assert np.abs(pixels - avatar.material("skin").normal_map.numpy() * 255).max() <= 0.51


def test_alpha_and_sidedness_are_the_materials(avatar: Avatar, glb: Glb) -> None:
    lashes = material(glb, "lashes")
    assert lashes["alphaMode"] == "BLEND"
    assert lashes["doubleSided"]
    pixels, _ = image(glb, lashes["pbrMetallicRoughness"]["baseColorTexture"])
    alpha = avatar.material("lashes").base_color_map[..., 3].numpy()
    assert np.abs(pixels[..., 3] / 255 - alpha).max() < 0.003
    assert material(glb, "skin")["alphaMode"] == "OPAQUE"
    assert material(glb, "teeth")["pbrMetallicRoughness"]["baseColorFactor"] == [0.8, 0.75, 0.7, 1]


def test_parts_of_one_material_share_it_and_its_images(glb: Glb) -> None:
    assert len(glb.json["materials"]) == 4
    assert len(glb.json["images"]) == 5
    assert glb.primitive("eye_left")["material"] == glb.primitive("eye_right")["material"]


def test_jpeg_is_for_opaque_colour_only(exported: Callable[..., Glb]) -> None:
    glb = exported(image_format="jpeg", jpeg_quality=90)
    types = {entry["name"]: entry["mimeType"] for entry in glb.json["images"]}
    assert types["skin_base_color"] == types["eye_base_color"] == "image/jpeg"
    assert types["lashes_base_color"] == "image/png"
    assert types["skin_normal"] == types["skin_metallic_roughness"] == "image/png"


def test_maps_shrink_to_the_size_asked_for_and_never_grow(exported: Callable[..., Glb]) -> None:
    glb = exported(texture_size=24)
    skin = material(glb, "skin")
    color, _ = image(glb, skin["pbrMetallicRoughness"]["baseColorTexture"])
    normal, _ = image(glb, skin["normalTexture"])
    eye, _ = image(glb, material(glb, "eye")["pbrMetallicRoughness"]["baseColorTexture"])
    assert color.shape == normal.shape == (24, 24, 3)
    assert eye.shape == (16, 16, 3)
    lengths = np.linalg.norm(normal / 255 * 2 - 1, axis=-1)
    assert np.abs(lengths - 1).max() < 0.02


def test_shrinking_averages_light_and_keeps_the_shape() -> None:
    stripes = torch.zeros(8, 16, 3)
    stripes[:, ::2] = 1
    assert torch.equal(shrunk(stripes, 8), torch.full((4, 8, 3), 0.5))


def test_the_srgb_table_is_the_curve() -> None:
    values = torch.linspace(-0.1, 1.1, 100_001)[:, None, None]
    exact = srgb_from_linear(values) * 255
    assert (srgb_levels(values) - exact).abs().max() < 0.56


@pytest.mark.parametrize("mode", ["mask", "opaque"])
def test_alpha_of_a_map_is_written_only_where_it_counts(
    avatar: Avatar, tmp_path: Path, mode: str
) -> None:
    changed = tuple(
        replace(m, alpha_mode=mode) if m.name == "lashes" else m for m in avatar.materials
    )
    export_glb(replace(avatar, materials=changed), tmp_path / "head.glb")
    glb = Glb(tmp_path / "head.glb")
    lashes = material(glb, "lashes")
    pixels, _ = image(glb, lashes["pbrMetallicRoughness"]["baseColorTexture"])
    assert pixels.shape[-1] == (4 if mode == "mask" else 3)
    assert lashes.get("alphaCutoff") == (0.5 if mode == "mask" else None)


def test_tangents_follow_the_texture_of_normal_mapped_parts(avatar: Avatar, glb: Glb) -> None:
    assert "TANGENT" not in glb.primitive("eye_left")["attributes"]
    positions = glb.attribute("skin", "POSITION")
    normals = glb.attribute("skin", "NORMAL")
    tangents = glb.attribute("skin", "TANGENT")
    assert np.abs(np.linalg.norm(tangents[:, :3], axis=1) - 1).max() < 1e-5
    assert np.abs((tangents[:, :3] * normals).sum(1)).max() < 1e-5
    up = np.cross(normals, tangents[:, :3]) * tangents[:, 3:]
    # On the sphere u runs round the axis and v falls towards +Y.
    middle = np.abs(positions[:, 1] + 0.02) < 0.06
    assert (up[middle, 1] > 0.5).all()
    assert np.abs(tangents[middle, 1]).max() < 0.2


def with_skin(avatar: Avatar, tmp_path: Path, **changed: object) -> Glb:
    """Export the avatar with its skin changed."""
    materials = tuple(replace(m, **changed) if m.name == "skin" else m for m in avatar.materials)
    export_glb(replace(avatar, materials=materials), tmp_path / "head.glb")
    return Glb(tmp_path / "head.glb")


def test_occlusion_shares_the_roughness_image_where_the_sizes_agree(
    avatar: Avatar, tmp_path: Path
) -> None:
    occlusion = torch.rand(32, 32, generator=torch.Generator().manual_seed(3))
    glb = with_skin(avatar, tmp_path, occlusion_map=occlusion)
    skin = material(glb, "skin")
    assert skin["occlusionTexture"] == skin["pbrMetallicRoughness"]["metallicRoughnessTexture"]
    pixels, _ = image(glb, skin["occlusionTexture"])
    assert np.abs(pixels[..., 0] - occlusion.numpy() * 255).max() <= 0.51
    glb = with_skin(avatar, tmp_path, occlusion_map=occlusion[:16])
    skin = material(glb, "skin")
    assert skin["occlusionTexture"] != skin["pbrMetallicRoughness"]["metallicRoughnessTexture"]
    pixels, _ = image(glb, skin["occlusionTexture"])
    assert np.abs(pixels - occlusion[:16].numpy() * 255).max() <= 0.51


def test_specular_is_the_alpha_of_its_extensions_texture(avatar: Avatar, tmp_path: Path) -> None:
    specular = torch.rand(16, 32, generator=torch.Generator().manual_seed(4))
    glb = with_skin(avatar, tmp_path, specular=0.5, specular_map=specular)
    extension = material(glb, "skin")["extensions"]["KHR_materials_specular"]
    assert extension["specularFactor"] == 0.5
    pixels, _ = image(glb, extension["specularTexture"])
    assert np.abs(pixels[..., 3] - specular.numpy() * 255).max() <= 0.51
    assert glb.json["extensionsUsed"] == ["KHR_materials_specular"]


def test_refraction_and_clear_coat_are_extensions(avatar: Avatar, tmp_path: Path) -> None:
    glb = with_skin(avatar, tmp_path, ior=1.376, clearcoat=0.5, clearcoat_roughness=0.125)
    assert material(glb, "skin")["extensions"] == {
        "KHR_materials_ior": {"ior": 1.376},
        "KHR_materials_clearcoat": {"clearcoatFactor": 0.5, "clearcoatRoughnessFactor": 0.125},
    }


def test_a_material_without_maps_needs_no_textures(avatar: Avatar, tmp_path: Path) -> None:
    plain = tuple(Material(name=m.name) for m in avatar.materials)
    export_glb(replace(avatar, materials=plain), tmp_path / "head.glb")
    assert "textures" not in Glb(tmp_path / "head.glb").json


def test_a_clear_surface_keeps_its_highlights_and_only_that_uses_an_extension(
    avatar: Avatar, glb: Glb, tmp_path: Path
) -> None:
    assert "extensionsUsed" not in glb.json
    cornea = Material(name="teeth", base_color=(0.0, 0.0, 0.0, 0.1), alpha_mode="blend")
    changed = tuple(cornea if m.name == "teeth" else m for m in avatar.materials)
    export_glb(replace(avatar, materials=changed), tmp_path / "head.glb")
    clear = Glb(tmp_path / "head.glb")
    assert clear.json["extensionsUsed"] == ["KHR_materials_specular"]
    extension = material(clear, "teeth")["extensions"]["KHR_materials_specular"]
    # Reflectance at normal incidence, 0.04 times this, times alpha, is the 0.04 of a dielectric.
    assert np.allclose(np.array(extension["specularColorFactor"]) * 0.1, 1)


@pytest.mark.parametrize(("scale", "wrap"), [(1.0, 33071), (2.0, None)])
def test_textures_repeat_only_if_coordinates_ask_for_it(
    avatar: Avatar, tmp_path: Path, scale: float, wrap: int | None
) -> None:
    tiled = replace(avatar, mesh=replace(avatar.mesh, uvs=avatar.mesh.uvs * scale))
    export_glb(tiled, tmp_path / "head.glb")
    (sampler,) = Glb(tmp_path / "head.glb").json["samplers"]
    assert sampler.get("wrapS") == sampler.get("wrapT") == wrap
