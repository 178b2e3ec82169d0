"""Gaussian splats in an `.avatar` file: the rigged form, as `avatar.core.splats` says how to use.

The manifest's `splats` names the layers and holds the filming camera's size; the arrays are in
`splats.safetensors` under the names of `Splats`' fields, in 32-bit floats and integers, the
expression shapes in 16-bit floats. The code's network is `code.hidden_weights` and so on, the
camera `camera.intrinsics`, `camera.rotation` and `camera.translation` (camera from world). Splats
that can be relit also have `relighting.normals` and so on, the fields of `SplatRelighting`.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.errors import BundleError
from avatar.core.splats import LAYERS, ExpressionCode, SplatRelighting, Splats
from avatar.core.transform import Transform
from avatar.files.bundle_check import Fields, check_indices, check_shape, check_values

SPLATS = "splats.safetensors"
"""The archive's entry that holds the arrays."""

_RELIGHTING = "relighting."
_MAX_CODES, _MAX_HIDDEN, _MAX_SIDE = 256, 1024, 1 << 15


def pack_splats(splats: Splats, manifest: dict[str, Any]) -> dict[str, bytes]:
    """Return the archive's entry for the splats, and add their part to the manifest."""
    camera = splats.camera
    manifest["splats"] = {"layers": list(LAYERS), "width": camera.width, "height": camera.height}
    floats = {
        "means": splats.means,
        "rotations": splats.rotations,
        "scales": splats.scales,
        "opacities": splats.opacities,
        "colors": splats.colors,
        "barycentrics": splats.barycentrics,
        "head_shares": splats.head_shares,
        "code.hidden_weights": splats.code.hidden_weights,
        "code.hidden_bias": splats.code.hidden_bias,
        "code.output_weights": splats.code.output_weights,
        "sway": splats.sway,
        "camera.intrinsics": camera.intrinsics,
        "camera.rotation": camera.camera_from_world.rotation,
        "camera.translation": camera.camera_from_world.translation,
    }
    if splats.relighting is not None:
        for field in fields(splats.relighting):
            floats[f"{_RELIGHTING}{field.name}"] = getattr(splats.relighting, field.name)
    shapes = {"offset_shapes": splats.offset_shapes, "color_shapes": splats.color_shapes}
    integers = {"corners": splats.corners, "layers": splats.layers}
    tensors = {
        **{name: tensor.float() for name, tensor in floats.items()},
        **{name: tensor.half() for name, tensor in shapes.items()},
        **{name: tensor.int() for name, tensor in integers.items()},
    }
    plain = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    return {SPLATS: save_safetensors(plain)}


def unpack_splats(fields: Fields, tensors: Mapping[str, Tensor], vertices: int) -> Splats:
    """Return the splats on a mesh of so many vertices.

    Raises:
        BundleError: a field or array that is missing, of another shape, or out of range.
    """
    if fields.texts("layers") != LAYERS:
        raise BundleError(f"{fields.place}: layers: expected {', '.join(LAYERS)}")
    width, height = fields.integer("width"), fields.integer("height")
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise BundleError(f"{fields.place}: expected a picture of 1 to {_MAX_SIDE} pixels a side")
    count = len(check_shape(tensors, "means", torch.float32, (None, 3)))
    codes, hidden = check_shape(tensors, "code.output_weights", torch.float32, (None, None)).shape
    if codes > _MAX_CODES or hidden > _MAX_HIDDEN:
        raise BundleError(f"{fields.place}: expected at most {_MAX_CODES} codes, got {codes}")

    def floats(name: str, *shape: int) -> Tensor:
        return check_values(name, check_shape(tensors, name, torch.float32, shape))

    def shapes(name: str) -> Tensor:
        stored = check_shape(tensors, name, torch.float16, (codes, count, 3))
        return check_values(name, stored).float()

    corners = check_shape(tensors, "corners", torch.int32, (count, 3))
    layers = check_shape(tensors, "layers", torch.int32, (count,))
    return Splats(
        means=floats("means", count, 3),
        rotations=floats("rotations", count, 4),
        scales=floats("scales", count, 3),
        opacities=_within("opacities", floats("opacities", count)),
        colors=floats("colors", count, 3),
        corners=check_indices("corners", corners, vertices).long(),
        barycentrics=floats("barycentrics", count, 3),
        head_shares=_within("head_shares", floats("head_shares", count)),
        layers=check_indices("layers", layers, len(LAYERS)).long(),
        code=ExpressionCode(
            hidden_weights=floats("code.hidden_weights", hidden, 55),
            hidden_bias=floats("code.hidden_bias", hidden),
            output_weights=floats("code.output_weights", codes, hidden),
        ),
        offset_shapes=shapes("offset_shapes"),
        color_shapes=shapes("color_shapes"),
        camera=Camera(
            intrinsics=floats("camera.intrinsics", 3, 3),
            camera_from_world=Transform(
                rotation=floats("camera.rotation", 3, 3),
                translation=floats("camera.translation", 3),
            ),
            width=width,
            height=height,
        ),
        sway=floats("sway", 6, 6),
        relighting=_relighting_of(tensors, count),
    )


def _relighting_of(tensors: Mapping[str, Tensor], count: int) -> SplatRelighting | None:
    if f"{_RELIGHTING}environment" not in tensors:
        return None

    def floats(name: str, *shape: int) -> Tensor:
        full = _RELIGHTING + name
        return check_values(full, check_shape(tensors, full, torch.float32, shape))

    filmed = floats("filmed_light", count, 3)
    if bool((filmed <= 0).any()):
        raise BundleError(f"tensor '{_RELIGHTING}filmed_light': expected numbers greater than 0")
    return SplatRelighting(
        normals=floats("normals", count, 3),
        filmed_light=filmed,
        openness=_within(f"{_RELIGHTING}openness", floats("openness", count)),
        roughnesses=_within(f"{_RELIGHTING}roughnesses", floats("roughnesses", count)),
        environment=floats("environment", 9, 3),
    )


def _within(name: str, tensor: Tensor) -> Tensor:
    if tensor.numel() and not (tensor.min() >= 0 and tensor.max() <= 1):
        raise BundleError(f"tensor {name!r}: expected numbers from 0 to 1")
    return tensor
