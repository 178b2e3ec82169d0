"""Per-vertex quantities at the pixels of a rasterised mesh, and how fast they change there."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops.native import DEVICES, Place, native_module, native_place, runs_natively
from avatar.ops.projected_mesh import ProjectedMesh
from avatar.ops.rasterize_mesh import MeshFragments


@dataclass(frozen=True, kw_only=True)
class PictureSlopes:
    """How much quantities grow from a pixel to the next, to the right (x) and down (y)."""

    by_x: Float[Tensor, "height width channels"]
    by_y: Float[Tensor, "height width channels"]


def interpolate(
    fragments: MeshFragments,
    faces: Int[Tensor, "faces 3"],
    attributes: Float[Tensor, "values channels"],
) -> Float[Tensor, "*views height width channels"]:
    """Return `attributes` at every pixel, 0 where there is no triangle.

    `faces` has a row for each rasterised triangle and indexes `attributes`: the faces themselves
    for vertex attributes, the `uv_faces` for texture coordinates. Several views share the
    attributes. Differentiable in these and in the fragments' barycentrics.

    Raises:
        OptionError: a shape or an index that makes no sense. On a GPU, which is not waited for,
            pixels with such an index are NaN.
    """
    _check(faces, attributes)
    if not runs_natively(fragments.barycentrics, faces, attributes):
        return interpolate_reference(fragments, faces, attributes)
    return _interpolate(fragments.triangles, fragments.barycentrics, faces.long(), attributes)


def interpolate_points(
    triangles: Int[Tensor, " points"],
    barycentrics: Float[Tensor, "points 3"],
    faces: Int[Tensor, "faces 3"],
    attributes: Float[Tensor, "values channels"],
) -> Float[Tensor, "points channels"]:
    """Do what `interpolate` does, at loose points of triangles (rows of `faces`)."""
    fragments = MeshFragments(
        triangles=triangles[None],
        barycentrics=barycentrics[None],
        depths=torch.ones_like(barycentrics[None, :, 0]),
    )
    return interpolate(fragments, faces, attributes)[0]


def interpolate_reference(
    fragments: MeshFragments,
    faces: Int[Tensor, "faces 3"],
    attributes: Float[Tensor, "values channels"],
) -> Float[Tensor, "*views height width channels"]:
    """Do what `interpolate` does, in torch on any device; the definition of the op."""
    _check(faces, attributes)
    covered = fragments.triangles >= 0
    place = covered.nonzero().unbind(-1)
    triangles = fragments.triangles[place]
    if len(triangles) and not (
        triangles.max() < len(faces) and faces.min() >= 0 and faces.max() < len(attributes)
    ):
        raise _out_of_range(faces, attributes)
    corners = attributes[faces[triangles].long()]
    weights = fragments.barycentrics[place].to(attributes.dtype)
    picture = attributes.new_zeros(*covered.shape, attributes.shape[1])
    return picture.index_put(place, (weights[..., None] * corners).sum(1))


@torch.no_grad()
def interpolation_slopes(
    fragments: MeshFragments,
    mesh: ProjectedMesh,
    faces: Int[Tensor, "faces 3"],
    attributes: Float[Tensor, "values channels"],
) -> PictureSlopes:
    """Return how fast `attributes` change across the picture, for the choice of a texture's level.

    `mesh` is what was rasterised. Analytic: with a_i the area weights (linear in the picture) and
    z_i the depths, the weights are (a_i / z_i) over their sum, and their slope follows. 0 where
    there is no triangle. Not differentiable.
    """
    place = (fragments.triangles >= 0).nonzero().unbind(-1)
    triangles = fragments.triangles[place]
    index = mesh.faces.long()[triangles]
    a, b, c = mesh.pixels[index].unbind(1)
    centre = torch.stack([place[1], place[0]], -1).to(mesh.pixels.dtype)
    across = torch.stack([c - b, a - c, b - a], 1)  # the side opposite each corner
    starts = torch.stack([b, c, a], 1) - centre[:, None]
    areas = starts[..., 0] * across[..., 1] - starts[..., 1] * across[..., 0]
    near = 1 / mesh.depths[index]
    total = (areas * near).sum(-1, keepdim=True)
    values = attributes[faces[triangles].long()]
    weights = fragments.barycentrics[place].to(attributes.dtype)
    slopes: list[Tensor] = []
    for rise in (-across[..., 1], across[..., 0]):  # of the areas, by x and by y
        grown = rise * near
        change = (grown - weights * grown.sum(-1, keepdim=True)) / total
        picture = attributes.new_zeros(*fragments.triangles.shape, attributes.shape[1])
        slopes.append(picture.index_put(place, (change[..., None] * values).sum(1)))
    return PictureSlopes(by_x=slopes[0], by_y=slopes[1])


def _check(faces: Tensor, attributes: Tensor) -> None:
    if faces.ndim != 2 or faces.shape[1] != 3:
        raise OptionError(f"faces: expected shape (F, 3), got {tuple(faces.shape)}")
    if attributes.ndim != 2:
        raise OptionError(f"attributes: expected shape (V, C), got {tuple(attributes.shape)}")


def _out_of_range(faces: Tensor, attributes: Tensor) -> OptionError:
    return OptionError(
        f"faces: expected a row for every triangle rasterised, with indices of the "
        f"{len(attributes)} attributes; got {len(faces)} rows with indices up to "
        f"{int(faces.max()) if len(faces) else 'none'}"
    )


@torch.library.custom_op(
    "avatar::interpolate",
    mutates_args=(),
    device_types=DEVICES,
    schema="(Tensor triangles, Tensor barycentrics, Tensor faces, Tensor attributes) -> Tensor",
)
def _interpolate(
    triangles: Tensor, barycentrics: Tensor, faces: Tensor, attributes: Tensor
) -> Tensor:
    native: Any = native_module()
    inputs = [t.detach().contiguous() for t in (triangles, barycentrics, faces, attributes)]
    picture = attributes.new_empty(*triangles.shape, attributes.shape[1])
    try:
        with native_place(attributes.device) as place:
            native.interpolate(*_native_arguments(inputs, place), picture.data_ptr())
    except IndexError as error:
        raise _out_of_range(faces, attributes) from error
    return picture


@_interpolate.register_fake
def _(triangles: Tensor, barycentrics: Tensor, faces: Tensor, attributes: Tensor) -> Tensor:
    del barycentrics, faces
    return attributes.new_empty(*triangles.shape, attributes.shape[1])


@torch.library.custom_op(
    "avatar::interpolate_backward",
    mutates_args=(),
    device_types=DEVICES,
    schema="(Tensor triangles, Tensor barycentrics, Tensor faces, Tensor attributes, "
    "Tensor gradient, bool by_barycentrics, bool by_attributes) -> (Tensor, Tensor)",
)
def _backward(*arguments: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    native: Any = native_module()
    inputs = [t.detach().contiguous() for t in arguments[:4]]
    gradient = arguments[4].contiguous()
    slopes = _empty_gradients(*arguments)
    addresses = [slope.data_ptr() if slope.numel() else 0 for slope in slopes]
    with native_place(gradient.device) as place:
        native.interpolate_backward(
            *_native_arguments(inputs, place), gradient.data_ptr(), *addresses
        )
    return slopes


@_backward.register_fake
def _empty_gradients(*arguments: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    _, barycentrics, _, attributes, _, by_barycentrics, by_attributes = arguments
    return (
        torch.empty_like(barycentrics if by_barycentrics else barycentrics[:0]).contiguous(),
        torch.empty_like(attributes if by_attributes else attributes[:0]).contiguous(),
    )


def _native_arguments(inputs: list[Tensor], place: Place) -> tuple[Any, ...]:
    triangles, _, faces, attributes = inputs
    return (
        *(tensor.data_ptr() for tensor in inputs),
        triangles.numel(),
        len(faces),
        len(attributes),
        attributes.shape[1],
        place,
    )


def _setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:  # noqa: ANN401
    del output
    ctx.save_for_backward(*inputs)


def _differentiate(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    _, by_barycentrics, _, by_attributes = ctx.needs_input_grad
    slopes = _backward(*ctx.saved_tensors, gradient, by_barycentrics, by_attributes)
    return None, slopes[0] if by_barycentrics else None, None, slopes[1] if by_attributes else None


_interpolate.register_autograd(_differentiate, setup_context=_setup_context)
