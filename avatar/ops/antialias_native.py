"""Native antialiasing as a torch custom op with gradients."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.ops.native import native_module
from avatar.ops.projected_mesh import MeshEdges, ProjectedMesh

CROSSING_BYTES = 32
"""Of one crossing that the forward pass leaves for the backward pass."""

_INPUTS = (
    "Tensor picture, Tensor seen, Tensor pixels, Tensor depths, Tensor faces, "
    "Tensor edge_verts, Tensor edge_faces, Tensor edge_opposite"
)


def antialias_natively(
    picture: Float[Tensor, "height width channels"],
    seen: Float[Tensor, "height width"],
    mesh: ProjectedMesh,
    edges: MeshEdges,
) -> Float[Tensor, "height width channels"]:
    """Do what `antialias` does, with the native kernels; float32 on the CPU."""
    indices = (mesh.faces.long(), edges.verts, edges.faces, edges.opposite)
    return _forward(picture, seen, mesh.pixels, mesh.depths, *indices)[0]


def _arguments(inputs: tuple[Tensor, ...]) -> tuple[list[Tensor], tuple[Any, ...]]:
    """Return contiguous inputs, to be kept alive, and what the native functions take first."""
    kept = [tensor.detach().contiguous() for tensor in inputs]
    picture, faces, edge_verts = kept[0], kept[4], kept[5]
    sizes = [len(faces), len(edge_verts), *picture.shape]
    return kept, ([tensor.data_ptr() for tensor in kept], sizes, torch.get_num_threads())


@torch.library.custom_op(
    "avatar::antialias",
    mutates_args=(),
    device_types="cpu",
    schema=f"({_INPUTS}) -> (Tensor, Tensor)",
)
def _forward(*inputs: Tensor) -> tuple[Tensor, Tensor]:
    native: Any = native_module()
    kept, arguments = _arguments(inputs)
    result = torch.empty_like(kept[0])
    crossings: list[Tensor] = []

    def allocate(size: int) -> int:
        crossings.append(torch.empty(size + CROSSING_BYTES, dtype=torch.uint8))
        return crossings[-1].data_ptr()

    native.antialias(*arguments, result.data_ptr(), allocate)
    return result, crossings[0]


@_forward.register_fake
def _(*inputs: Tensor) -> tuple[Tensor, Tensor]:
    size = torch.library.get_ctx().new_dynamic_size()
    return torch.empty_like(inputs[0]), inputs[0].new_empty(size, dtype=torch.uint8)


@torch.library.custom_op(
    "avatar::antialias_backward",
    mutates_args=(),
    device_types="cpu",
    schema=f"({_INPUTS}, Tensor crossings, Tensor gradient) -> (Tensor, Tensor)",
)
def _backward(*inputs: Tensor) -> tuple[Tensor, Tensor]:
    native: Any = native_module()
    kept, arguments = _arguments(inputs[:8])
    crossings, gradient = inputs[8], inputs[9].contiguous()
    slopes = torch.empty_like(kept[0]), torch.empty_like(kept[2])
    native.antialias_backward(
        *arguments,
        crossings.data_ptr(),
        len(crossings) // CROSSING_BYTES - 1,
        len(kept[2]),
        gradient.data_ptr(),
        *(slope.data_ptr() for slope in slopes),
    )
    return slopes


@_backward.register_fake
def _(*inputs: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(inputs[0]), torch.empty_like(inputs[2])


def _setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, ...]) -> None:  # noqa: ANN401
    ctx.save_for_backward(*inputs, output[1])


def _differentiate(ctx: Any, gradient: Tensor, _: Tensor | None) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    by_picture, by_pixels = _backward(*ctx.saved_tensors, gradient)
    return by_picture, None, by_pixels, None, None, None, None, None


_forward.register_autograd(_differentiate, setup_context=_setup_context)
