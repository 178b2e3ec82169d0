"""3D Gaussians to a picture of any number of channels, differentiable in all they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from avatar.core.camera import Camera
from avatar.core.errors import OptionError
from avatar.ops.native import runs_natively
from avatar.ops.rasterize_splats_cuda import check_cuda_kernels
from avatar.ops.rasterize_splats_native import rasterize_splats_natively
from avatar.ops.rasterize_splats_reference import SplatArguments, splat_picture

SIDE_LIMIT = 1 << 15
"""Pictures wider or higher are refused."""


@dataclass(frozen=True, kw_only=True)
class Gaussians:
    """3D Gaussians with what they carry into the picture.

    `means` and `scales` (standard deviations along the own axes) are in metres, in the world;
    `rotations` are quaternions (x, y, z, w) of any length, world from own axes; `opacities` are in
    [0, 1]. `features` are any quantities. `harmonics`, 1, 4, 9 or 16 rows of three coefficients,
    are a colour that depends on the view: 0.5 plus the series, cut at 0, in the order and with the
    signs of Kerbl et al. 2023; it makes the first three channels, `features` follow.
    `pixel_offsets` move the centres in the picture: zeros whose gradient is what densification
    looks at.
    """

    means: Float[Tensor, "splats 3"]
    rotations: Float[Tensor, "splats 4"]
    scales: Float[Tensor, "splats 3"]
    opacities: Float[Tensor, " splats"]
    features: Float[Tensor, "splats features"]
    harmonics: Float[Tensor, "splats harmonics 3"] | None = None
    pixel_offsets: Float[Tensor, "splats 2"] | None = None

    @property
    def channels(self) -> int:
        """Return the number of channels these make in a picture."""
        return self.features.shape[1] + (3 if self.harmonics is not None else 0)


@dataclass(frozen=True, kw_only=True)
class SplatPicture:
    """What a camera sees of Gaussians, or each of several cameras.

    `features` are blended over the background; `transmittance` is how much of the background
    shows; `depths` are the splats' depths in metres, blended over 0: divided by
    `1 - transmittance` they are mean depths. `radii` say how far each splat reaches, in pixels
    rounded up; 0 if it does not show.
    """

    features: Float[Tensor, "*views height width channels"]
    depths: Float[Tensor, "*views height width"]
    transmittance: Float[Tensor, "*views height width"]
    radii: Int[Tensor, "*views splats"]


@dataclass(frozen=True, kw_only=True)
class SplatOptions:
    """How Gaussians are drawn.

    `near`: those with their centre at this depth (metres) or nearer are left out. `blur`: variance
    in square pixels that every ellipse is widened by. `antialiased`: a widened ellipse is made
    fainter, so that it sends as much light as before (Mip-Splatting, Yu et al. 2024).
    """

    near: float = 0.01
    blur: float = 0.3
    antialiased: bool = False


def rasterize_splats(
    gaussians: Gaussians,
    camera: Camera | Sequence[Camera],
    background: Float[Tensor, " channels"] | None = None,
    options: SplatOptions | None = None,
) -> SplatPicture:
    """Return the picture of `gaussians`, blended front to back by the depth of their centres.

    The linearised projection of Zwicker et al. 2001 as Kerbl et al. 2023 use it: alpha is the
    opacity (0.999 at most) times the projected Gaussian, and nothing where that is below 1/255.
    Splats of equal depth are blended in the order given. A splat with any number that is not
    finite, a zero
    quaternion, or at the camera or behind it, is left out and has zero gradients. Splats behind a
    transmittance of 3e-6 may be left out too.

    Differentiable in everything `gaussians` holds, in `background`, and in the camera's
    intrinsics, rotation and translation; not through which splat lies before which.

    Args:
        gaussians: what to draw; float32 runs natively, on the CPU and on an NVIDIA GPU. There
            gradients differ in their last bits from run to run.
        camera: where from; its skew is taken to be 0. For several, of one size, the pictures come
            one after the other along a first axis.
        background: what lies behind everything; zeros unless given.
        options: how to draw.

    Raises:
        OptionError: a shape, dtype, device or option that makes no sense, or splats so many and so
            large that they cannot be sorted into tiles; on a GPU, a module built without CUDA.
    """
    if not isinstance(camera, Camera):
        return _stacked([rasterize_splats(gaussians, one, background, options) for one in camera])
    arguments = _arguments(gaussians, camera, background, options or SplatOptions())
    on_gpu = arguments.means.device.type == "cuda"
    if on_gpu:
        check_cuda_kernels()
    native = on_gpu or runs_natively(arguments.means)
    return _picture(arguments, rasterize_splats_natively if native else splat_picture)


def rasterize_splats_reference(
    gaussians: Gaussians,
    camera: Camera | Sequence[Camera],
    background: Float[Tensor, " channels"] | None = None,
    options: SplatOptions | None = None,
) -> SplatPicture:
    """Do what `rasterize_splats` does, in torch on any device; the definition of the op."""
    if not isinstance(camera, Camera):
        return _stacked(
            [rasterize_splats_reference(gaussians, one, background, options) for one in camera]
        )
    return _picture(
        _arguments(gaussians, camera, background, options or SplatOptions()), splat_picture
    )


def _arguments(
    gaussians: Gaussians, camera: Camera, background: Tensor | None, options: SplatOptions
) -> SplatArguments:
    if background is None:
        background = gaussians.means.new_zeros(gaussians.channels)
    _check(gaussians, camera, background, options)
    return SplatArguments(
        **vars(gaussians),
        background=background,
        rotation=camera.camera_from_world.rotation,
        translation=camera.camera_from_world.translation,
        intrinsics=camera.intrinsics,
        height=camera.height,
        width=camera.width,
        **vars(options),
    )


def _picture(
    arguments: SplatArguments, draw: Callable[[SplatArguments], tuple[Tensor, ...]]
) -> SplatPicture:
    features, depths, transmittance, radii = draw(arguments)
    return SplatPicture(
        features=features.permute(1, 2, 0),
        depths=depths,
        transmittance=transmittance,
        radii=radii,
    )


def _stacked(pictures: list[SplatPicture]) -> SplatPicture:
    sizes = {tuple(picture.depths.shape) for picture in pictures}
    if len(sizes) != 1:
        raise OptionError(f"camera: expected one, or several of one size, got {sorted(sizes)}")
    return SplatPicture(
        **{
            name: torch.stack([getattr(picture, name) for picture in pictures])
            for name in vars(pictures[0])
        }
    )


def _check(gaussians: Gaussians, camera: Camera, background: Tensor, options: SplatOptions) -> None:
    count = gaussians.means.shape[0] if gaussians.means.ndim else 0
    _check_shapes(gaussians, count)
    rotation, translation = camera.camera_from_world.rotation, camera.camera_from_world.translation
    shapes = {
        "background": (background, (gaussians.channels,)),
        "camera_from_world.rotation": (rotation, (3, 3)),
        "camera_from_world.translation": (translation, (3,)),
        "intrinsics": (camera.intrinsics, (3, 3)),
    }
    for name, (tensor, shape) in shapes.items():
        if tuple(tensor.shape) != shape:
            raise OptionError(f"{name}: expected shape {shape}, got {tuple(tensor.shape)}")
    _check_kinds(gaussians, {name: tensor for name, (tensor, _) in shapes.items()})
    if not (1 <= camera.height <= SIDE_LIMIT and 1 <= camera.width <= SIDE_LIMIT):
        raise OptionError(
            f"camera: expected a picture of 1 to {SIDE_LIMIT} pixels a side, "
            f"got {camera.height} x {camera.width}"
        )
    if not options.near > 0:
        raise OptionError(f"near: expected a depth above 0, got {options.near}")
    if not 0 <= options.blur < float("inf"):
        raise OptionError(f"blur: expected a variance of 0 or more, got {options.blur}")


def _check_shapes(gaussians: Gaussians, count: int) -> None:
    expected = {
        "means": (gaussians.means, 2, (count, 3)),
        "rotations": (gaussians.rotations, 2, (count, 4)),
        "scales": (gaussians.scales, 2, (count, 3)),
        "opacities": (gaussians.opacities, 1, (count,)),
        "features": (gaussians.features, 2, (count,)),
        "harmonics": (gaussians.harmonics, 3, (count,)),
        "pixel_offsets": (gaussians.pixel_offsets, 2, (count, 2)),
    }
    for name, (tensor, dimensions, shape) in expected.items():
        if tensor is None:
            continue
        got = tuple(tensor.shape)
        if tensor.ndim != dimensions or got[: len(shape)] != shape:
            wanted = ", ".join(map(str, (*shape, *["..."] * (dimensions - len(shape)))))
            raise OptionError(f"{name}: expected shape ({wanted}), got {got}")
    harmonics = gaussians.harmonics
    if harmonics is not None and harmonics.shape[1:] not in ((1, 3), (4, 3), (9, 3), (16, 3)):
        raise OptionError(
            "harmonics: expected 1, 4, 9 or 16 rows of 3 coefficients a splat, "
            f"got {tuple(harmonics.shape[1:])}"
        )


def _check_kinds(gaussians: Gaussians, others: dict[str, Tensor]) -> None:
    means = gaussians.means
    tensors = {name: value for name, value in vars(gaussians).items() if value is not None}
    for name, tensor in (tensors | others).items():
        if tensor.dtype != means.dtype or not tensor.dtype.is_floating_point:
            raise OptionError(
                f"{name}: expected dtype {means.dtype} as the means have, got {tensor.dtype}"
            )
        if tensor.device != means.device:
            raise OptionError(
                f"{name}: expected on {means.device} as the means are, got {tensor.device}"
            )
