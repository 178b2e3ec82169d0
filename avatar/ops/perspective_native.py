"""Native barycentrics of pixels whose triangles are known, as a torch custom op with gradients."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops.native import DEVICES, Place, native_module, native_place


def perspective_natively(
    triangles: Int[Tensor, "*views height width"],
    pixels: Float[Tensor, "*views verts 2"],
    depths: Float[Tensor, "*views verts"],
    faces: Int[Tensor, "faces 3"],
) -> tuple[Float[Tensor, "*views height width 3"], Float[Tensor, "*views height width"]]:
    """Do what `perspective_barycentrics` does, natively; float32, on the CPU or a GPU."""
    return _forward(triangles, pixels, depths, faces)


def mesh_arguments(
    pixels: Float[Tensor, "*views verts 2"],
    depths: Float[Tensor, "*views verts"],
    faces: Int[Tensor, "faces 3"],
    size: Sequence[int],
    place: Place,
) -> tuple[list[int], list[int], Place]:
    """Return what native functions of meshes take first; the tensors are contiguous.

    `size` is the picture's height and width.
    """
    sizes = [pixels.shape[:-2].numel(), pixels.shape[-2], len(faces), *size]
    return [tensor.data_ptr() for tensor in (pixels, depths, faces)], sizes, place


@torch.library.custom_op(
    "avatar::perspective_barycentrics",
    mutates_args=(),
    device_types=DEVICES,
    schema="(Tensor triangles, Tensor pixels, Tensor depths, Tensor faces) -> (Tensor, Tensor)",
)
def _forward(
    triangles: Tensor, pixels: Tensor, depths: Tensor, faces: Tensor
) -> tuple[Tensor, Tensor]:
    _check_indices(triangles, pixels, faces)
    native: Any = native_module()
    barycentrics = pixels.new_empty(*triangles.shape, 3)
    pixel_depths = pixels.new_empty(triangles.shape)
    triangles, pixels, depths, faces = (
        t.detach().contiguous() for t in (triangles, pixels, depths, faces)
    )
    with native_place(pixels.device) as place:
        native.perspective_barycentrics(
            *mesh_arguments(pixels, depths, faces, triangles.shape[-2:], place),
            triangles.data_ptr(),
            barycentrics.data_ptr(),
            pixel_depths.data_ptr(),
        )
    return barycentrics, pixel_depths


@_forward.register_fake
def _(triangles: Tensor, pixels: Tensor, depths: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    del depths, faces
    return pixels.new_empty(*triangles.shape, 3), pixels.new_empty(triangles.shape)


@torch.library.custom_op(
    "avatar::perspective_barycentrics_backward",
    mutates_args=(),
    device_types=DEVICES,
    schema="(Tensor triangles, Tensor pixels, Tensor depths, Tensor faces, "
    "Tensor barycentric_gradient, Tensor depth_gradient) -> (Tensor, Tensor)",
)
def _backward(*inputs: Tensor) -> tuple[Tensor, Tensor]:
    triangles, pixels, depths, faces, barycentric_gradient, depth_gradient = (
        t.detach().contiguous() for t in inputs
    )
    native: Any = native_module()
    slopes = torch.empty_like(pixels), torch.empty_like(depths)
    with native_place(pixels.device) as place:
        native.perspective_barycentrics_backward(
            *mesh_arguments(pixels, depths, faces, triangles.shape[-2:], place),
            triangles.data_ptr(),
            barycentric_gradient.data_ptr(),
            depth_gradient.data_ptr(),
            *(slope.data_ptr() for slope in slopes),
        )
    return slopes


@_backward.register_fake
def _(*inputs: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(inputs[1]), torch.empty_like(inputs[2])


def _check_indices(triangles: Tensor, pixels: Tensor, faces: Tensor) -> None:
    if triangles.device.type != "cpu":
        return  # nothing waits for a GPU: its kernels leave such triangles out
    if triangles.numel() and int(triangles.max()) >= len(faces):
        raise OptionError(
            f"triangles: expected rows of {len(faces)} faces, got {int(triangles.max())}"
        )
    if len(faces) and not (int(faces.min()) >= 0 and int(faces.max()) < pixels.shape[-2]):
        raise OptionError(
            f"faces: expected indices of {pixels.shape[-2]} vertices, "
            f"got {int(faces.min())} to {int(faces.max())}"
        )


def _setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, ...]) -> None:  # noqa: ANN401
    del output
    ctx.save_for_backward(*inputs)


def _differentiate(
    ctx: Any,  # noqa: ANN401
    barycentric_gradient: Tensor,
    depth_gradient: Tensor,
) -> tuple[Tensor | None, ...]:
    slopes = _backward(*ctx.saved_tensors, barycentric_gradient, depth_gradient)
    return None, *slopes, None


_forward.register_autograd(_differentiate, setup_context=_setup_context)
