"""Materials of an `.avatar` file: factors in the manifest, maps as PNG textures."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from avatar.core.errors import BundleError
from avatar.core.material import AlphaMode, Material, linear_from_srgb, srgb_from_linear
from avatar.files.bundle_check import Fields
from avatar.files.displacement import (
    MAX_DISPLACEMENT,
    ZERO,
    displacement_from_levels,
    displacement_levels,
)
from avatar.files.png import Pixels, PngError, decode_png, encode_png

MAX_TEXTURE_SIDE = 8192
_MAX_IOR = 4.0
_ALPHA_MODES: tuple[AlphaMode, ...] = ("opaque", "mask", "blend")


def pack_material(material: Material, index: int, textures: dict[str, bytes]) -> dict[str, Any]:
    """Return a material's part of the manifest, adding its maps to `textures`."""

    def add(kind: str, pixels: Pixels | None) -> str | None:
        if pixels is None:
            return None
        name = f"textures/{index:02d}_{kind}.png"
        textures[name] = encode_png(pixels)
        return name

    def one_channel(kind: str, values: Float[Tensor, "height width"] | None) -> str | None:
        return add(kind, None if values is None else _bytes(values[..., None]))

    color, normal = material.base_color_map, material.normal_map
    displacement, step = None, 0.0
    if material.displacement_map is not None:
        displacement, step = displacement_levels(material.displacement_map)
    return {
        "name": material.name,
        "base_color": list(material.base_color),
        "roughness": material.roughness,
        "metallic": material.metallic,
        "specular": material.specular,
        "ior": material.ior,
        "clearcoat": material.clearcoat,
        "clearcoat_roughness": material.clearcoat_roughness,
        "displacement_step": step,
        "alpha_mode": material.alpha_mode,
        "double_sided": material.double_sided,
        "base_color_map": add("base_color", None if color is None else _color_pixels(color)),
        "roughness_map": one_channel("roughness", material.roughness_map),
        "specular_map": one_channel("specular", material.specular_map),
        "normal_map": add(
            "normal", None if normal is None else _scaled(normal, 65535).astype(np.uint16)
        ),
        "occlusion_map": one_channel("occlusion", material.occlusion_map),
        "displacement_map": add("displacement", displacement),
        "confidence_map": one_channel("confidence", material.confidence_map),
    }


def unpack_material(fields: Fields, entries: Mapping[str, bytes]) -> Material:
    """Return the material of a manifest's part and the archive's entries.

    Raises:
        BundleError: a field or texture that is missing, damaged or out of range.
    """
    color = _texture(fields, "base_color_map", entries, (3, 4))
    return Material(
        name=fields.text("name"),
        base_color=cast("tuple[float, float, float, float]", fields.fractions("base_color", 4)),
        base_color_map=None if color is None else _color_of(color),
        roughness=fields.fraction("roughness"),
        roughness_map=_one_channel(fields, "roughness_map", entries),
        metallic=fields.fraction("metallic"),
        specular=fields.number("specular", 0, 1, absent=1.0),
        specular_map=_one_channel(fields, "specular_map", entries),
        ior=fields.number("ior", 1, _MAX_IOR, absent=1.5),
        clearcoat=fields.number("clearcoat", 0, 1, absent=0.0),
        clearcoat_roughness=fields.number("clearcoat_roughness", 0, 1, absent=0.0),
        normal_map=_texture(fields, "normal_map", entries, (3,)),
        occlusion_map=_one_channel(fields, "occlusion_map", entries),
        displacement_map=_displacement_of(fields, entries),
        confidence_map=_one_channel(fields, "confidence_map", entries),
        alpha_mode=cast("AlphaMode", fields.choice("alpha_mode", _ALPHA_MODES)),
        double_sided=fields.boolean("double_sided"),
    )


def _displacement_of(
    fields: Fields, entries: Mapping[str, bytes]
) -> Float[Tensor, "height width"] | None:
    pixels = _pixels(fields, "displacement_map", entries, (1,))
    if pixels is None:
        return None
    if pixels.dtype != np.uint16:
        raise BundleError(f"{fields.place}: displacement_map: expected 16 bits a pixel")
    step = fields.number("displacement_step", 0, MAX_DISPLACEMENT / ZERO, absent=0.0)
    return displacement_from_levels(cast("NDArray[np.uint16]", pixels), step)


def _one_channel(
    fields: Fields, kind: str, entries: Mapping[str, bytes]
) -> Float[Tensor, "height width"] | None:
    texture = _texture(fields, kind, entries, (1,))
    return None if texture is None else texture[..., 0]


def _texture(
    fields: Fields, kind: str, entries: Mapping[str, bytes], channels: tuple[int, ...]
) -> Float[Tensor, "height width channels"] | None:
    pixels = _pixels(fields, kind, entries, channels)
    if pixels is None:
        return None
    limit = np.iinfo(pixels.dtype).max
    return torch.from_numpy(pixels.astype(np.float32)) / limit


def _pixels(
    fields: Fields, kind: str, entries: Mapping[str, bytes], channels: tuple[int, ...]
) -> Pixels | None:
    name = fields.optional_text(kind)
    if name is None:
        return None
    if name not in entries:
        raise BundleError(f"{fields.place}: {kind}: there is no entry {name[:80]!r}")
    try:
        pixels = decode_png(entries[name], MAX_TEXTURE_SIDE)
    except PngError as error:
        raise BundleError(f"{name}: {error}") from error
    if pixels.shape[2] not in channels:
        raise BundleError(f"{name}: expected {channels} channels, got {pixels.shape[2]}")
    return pixels


def _scaled(values: Float[Tensor, "height width channels"], levels: int) -> NDArray[np.float64]:
    """Return what truncates to the nearest of the levels, clipping what lies outside."""
    return (values.detach().cpu().clamp(0, 1).double() * levels + 0.5).numpy()


def _bytes(values: Float[Tensor, "height width channels"]) -> NDArray[np.uint8]:
    return _scaled(values, 255).astype(np.uint8)


def _color_pixels(linear: Float[Tensor, "height width channels"]) -> Pixels:
    # sRGB spends the 256 levels where the eye tells them apart; alpha is linear.
    encoded = torch.cat([srgb_from_linear(linear[..., :3]), linear[..., 3:]], -1)
    return _bytes(encoded)


def _color_of(
    stored: Float[Tensor, "height width channels"],
) -> Float[Tensor, "height width channels"]:
    return torch.cat([linear_from_srgb(stored[..., :3]), stored[..., 3:]], -1)
