"""Native antialiasing as a torch custom op with gradients."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.ops.native import DEVICES, native_module, native_place
from avatar.ops.projected_mesh import MeshEdges, ProjectedMesh

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
    """Do what `antialias` does, with the native kernels; float32, on the CPU or a GPU."""
    indices = (mesh.faces.long(), edges.verts, edges.faces, edges.opposite)
    return _forward(picture, seen, mesh.pixels, mesh.depths, *indices)[0]


def _arguments(inputs: tuple[Tensor, ...]) -> tuple[list[Tensor], tuple[Any, ...]]:
    """Return contiguous inputs, to be kept alive, and what the native functions take first."""
    kept = [tensor.detach().contiguous() for tensor in inputs]
    picture, _, pixels, _, faces, edge_verts = kept[:6]
    sizes = [len(pixels), len(faces), len(edge_verts), *picture.shape]
    return kept, ([tensor.data_ptr() for tensor in kept], sizes)


@torch.library.custom_op(
    "avatar::antialias",
    mutates_args=(),
    device_types=DEVICES,
    schema=f"({_INPUTS}) -> (Tensor, Tensor)",
)
def _forward(*inputs: Tensor) -> tuple[Tensor, Tensor]:
    native: Any = native_module()
    kept, arguments = _arguments(inputs)
    result = torch.empty_like(kept[0])
    state: list[Tensor] = []

    def allocate(size: int) -> int:
        state.append(kept[0].new_empty(size, dtype=torch.uint8))
        return state[-1].data_ptr() or 1  # an address, even of nothing

    with native_place(result.device) as place:
        native.antialias(*arguments, place, result.data_ptr(), allocate)
    return result, state[0]


@_forward.register_fake
def _(*inputs: Tensor) -> tuple[Tensor, Tensor]:
    size = torch.library.get_ctx().new_dynamic_size()
    return torch.empty_like(inputs[0]), inputs[0].new_empty(size, dtype=torch.uint8)


@torch.library.custom_op(
    "avatar::antialias_backward",
    mutates_args=(),
    device_types=DEVICES,
    schema=f"({_INPUTS}, Tensor state, Tensor gradient) -> (Tensor, Tensor)",
)
def _backward(*inputs: Tensor) -> tuple[Tensor, Tensor]:
    native: Any = native_module()
    kept, arguments = _arguments(inputs[:8])
    state, gradient = inputs[8], inputs[9].contiguous()
    slopes = torch.empty_like(kept[0]), torch.empty_like(kept[2])
    with native_place(gradient.device) as place:
        native.antialias_backward(
            *arguments,
            place,
            state.data_ptr(),
            len(state),
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
