"""Textures at the pixels of a picture: bilinear, and between the levels of a pyramid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops.interpolate import PictureSlopes
from avatar.ops.native import DEVICES, Place, native_module, native_place, runs_natively

Wrap = Literal["clamp", "repeat"]

MOST_LEVELS = 16


@dataclass(frozen=True, kw_only=True)
class TexturePyramid:
    """A texture and what it is from ever further away: each level half the size of the last."""

    levels: tuple[Float[Tensor, "_ _ channels"], ...]

    @staticmethod
    def build(texture: Float[Tensor, "height width channels"]) -> "TexturePyramid":
        """Average 2 x 2 texels into one down to a single texel; differentiable.

        At an odd side the last row or column stands for the one that is missing.
        """
        levels = [texture]
        while max(levels[-1].shape[:2]) > 1 and len(levels) < MOST_LEVELS:
            last = levels[-1].permute(2, 0, 1)[None]
            half = torch.nn.functional.avg_pool2d(last, 2, ceil_mode=True)[0]
            levels.append(half.permute(1, 2, 0).contiguous())
        return TexturePyramid(levels=tuple(levels))

    def lods(self, uv_slopes: PictureSlopes) -> Float[Tensor, "height width"]:
        """Return the level at which a pixel's longer side is about a texel long, 0 the finest.

        `uv_slopes` is how texture coordinates change from pixel to pixel, as
        `interpolation_slopes` has it.
        """
        size = self.levels[0].new_tensor([self.levels[0].shape[1], self.levels[0].shape[0]])
        steps = torch.stack([uv_slopes.by_x, uv_slopes.by_y]) * size
        length = steps.square().sum(-1).amax(0)
        return 0.5 * length.clamp_min(1e-20).log2()


def sample_texture(
    texture: TexturePyramid | Float[Tensor, "height width channels"],
    uvs: Float[Tensor, "rows columns 2"],
    lods: Float[Tensor, "rows columns"] | None = None,
    wrap: Wrap = "clamp",
) -> Float[Tensor, "rows columns channels"]:
    """Return the texture at `uvs`.

    Coordinates are glTF's: (0, 0) is the upper left corner of the upper left texel, (1, 1) the
    lower right corner of the texture, u to the right. Without `lods` the finest level is
    sampled; with them, the two levels around, blended; out of range they are cut to the
    pyramid's. Coordinates that are not finite, or beyond 1e9, give 0. Differentiable in the
    texture and in `uvs` (not through the choice of levels).

    Args:
        texture: a pyramid, or a texture of one level.
        uvs: where to look.
        lods: the level for each pixel, as `TexturePyramid.lods` gives it.
        wrap: beyond the texture, its rim ("clamp") or the texture again ("repeat").

    Raises:
        OptionError: a shape, dtype, device or option that makes no sense.
    """
    levels = _checked_levels(texture, uvs, lods, wrap)
    tensors = [*levels, uvs] if lods is None else [*levels, uvs, lods]
    if not runs_natively(*tensors):
        return sample_texture_reference(texture, uvs, lods, wrap)
    return _sample(levels, uvs, lods, wrap == "repeat")


def sample_texture_reference(
    texture: TexturePyramid | Float[Tensor, "height width channels"],
    uvs: Float[Tensor, "rows columns 2"],
    lods: Float[Tensor, "rows columns"] | None = None,
    wrap: Wrap = "clamp",
) -> Float[Tensor, "rows columns channels"]:
    """Do what `sample_texture` does, in torch on any device; the definition of the op."""
    levels = _checked_levels(texture, uvs, lods, wrap)
    usable = (uvs.detach().abs() < 1e9).all(-1, keepdim=True)
    uvs = torch.where(usable, uvs, torch.zeros_like(uvs))
    if lods is None or len(levels) == 1:
        picture = _bilinear(levels[0], uvs, wrap)
    else:
        level = lods.detach().nan_to_num(nan=0.0).clamp(0, len(levels) - 1)[..., None]
        picture = torch.zeros_like(_bilinear(levels[0], uvs, wrap))
        for index, texels in enumerate(levels):
            weight = (1 - (level - index).abs()).clamp_min(0)
            picture = picture + weight * _bilinear(texels, uvs, wrap)
    return torch.where(usable, picture, torch.zeros_like(picture))


def _bilinear(texels: Tensor, uvs: Tensor, wrap: Wrap) -> Tensor:
    height, width = texels.shape[:2]
    size = torch.tensor([width, height], device=uvs.device)
    place = uvs * size - 0.5
    first = place.detach().floor()
    right, down = (place - first)[..., None, :].unbind(-1)
    corners: list[Tensor] = []
    for y in (0, 1):
        for x in (0, 1):
            index = first.long() + torch.tensor([x, y], device=uvs.device)
            zero = torch.zeros_like(size)
            index = index % size if wrap == "repeat" else index.clamp(zero, size - 1)
            corners.append(texels[index[..., 1], index[..., 0]])
    top = corners[0] + right * (corners[1] - corners[0])
    bottom = corners[2] + right * (corners[3] - corners[2])
    return top + down * (bottom - top)


def _checked_levels(
    texture: TexturePyramid | Tensor, uvs: Tensor, lods: Tensor | None, wrap: str
) -> list[Tensor]:
    levels = [texture] if isinstance(texture, Tensor) else list(texture.levels)
    if not 1 <= len(levels) <= MOST_LEVELS:
        raise OptionError(f"texture: expected 1 to {MOST_LEVELS} levels, got {len(levels)}")
    for level in levels:
        if level.ndim != 3 or not level.numel() or level.shape[2] != levels[0].shape[2]:
            raise OptionError(f"texture: expected shape (H, W, C), got {tuple(level.shape)}")
    if uvs.ndim != 3 or uvs.shape[2] != 2:
        raise OptionError(f"uvs: expected shape (H, W, 2), got {tuple(uvs.shape)}")
    if lods is not None and lods.shape != uvs.shape[:2]:
        raise OptionError(f"lods: expected shape {tuple(uvs.shape[:2])}, got {tuple(lods.shape)}")
    others = {"texture": levels[-1], "uvs": uvs, "lods": uvs if lods is None else lods}
    for name, tensor in others.items():
        if tensor.dtype != levels[0].dtype or tensor.device != levels[0].device:
            raise OptionError(
                f"{name}: expected {levels[0].dtype} on {levels[0].device} as the texture is, "
                f"got {tensor.dtype} on {tensor.device}"
            )
    if wrap not in ("clamp", "repeat"):
        raise OptionError(f"wrap: expected 'clamp' or 'repeat', got {wrap!r}")
    return levels


@torch.library.custom_op(
    "avatar::sample_texture",
    mutates_args=(),
    device_types=DEVICES,
    schema="(Tensor[] levels, Tensor uvs, Tensor? lods, bool repeat) -> Tensor",
)
def _sample(levels: Sequence[Tensor], uvs: Tensor, lods: Tensor | None, repeat: bool) -> Tensor:  # noqa: FBT001
    native: Any = native_module()
    picture = uvs.new_empty(*uvs.shape[:2], levels[0].shape[2])
    with native_place(uvs.device) as place:
        kept, arguments = _native_arguments(levels, uvs, lods, place, repeat=repeat)
        native.sample_texture(*arguments, picture.data_ptr())
        del kept
    return picture


@_sample.register_fake
def _(levels: Sequence[Tensor], uvs: Tensor, lods: Tensor | None, repeat: bool) -> Tensor:  # noqa: FBT001
    del lods, repeat
    return uvs.new_empty(*uvs.shape[:2], levels[0].shape[2])


@torch.library.custom_op(
    "avatar::sample_texture_backward",
    mutates_args=(),
    device_types=DEVICES,
    schema="(Tensor[] levels, Tensor uvs, Tensor? lods, bool repeat, Tensor gradient, "
    "bool by_levels, bool by_uvs) -> (Tensor[], Tensor)",
)
def _backward(*inputs: Any) -> tuple[list[Tensor], Tensor]:  # noqa: ANN401
    levels, uvs, lods, repeat, gradient, by_levels, by_uvs = inputs
    native: Any = native_module()
    level_slopes, uv_slope = _empty_gradients(*inputs)
    gradient = gradient.contiguous()
    with native_place(uvs.device) as place:
        kept, arguments = _native_arguments(levels, uvs, lods, place, repeat=repeat)
        native.sample_texture_backward(
            *arguments,
            gradient.data_ptr(),
            uv_slope.data_ptr() if by_uvs else 0,
            [slope.data_ptr() for slope in level_slopes] if by_levels else [],
        )
        del kept
    return level_slopes, uv_slope


@_backward.register_fake
def _empty_gradients(*inputs: Any) -> tuple[list[Tensor], Tensor]:  # noqa: ANN401
    levels, uvs, _, _, _, by_levels, by_uvs = inputs
    slopes = [level.new_empty(level.shape) if by_levels else level.new_empty(0) for level in levels]
    return slopes, uvs.new_empty(uvs.shape) if by_uvs else uvs.new_empty(0)


def _native_arguments(
    levels: Sequence[Tensor], uvs: Tensor, lods: Tensor | None, place: Place, *, repeat: bool
) -> tuple[list[Tensor], tuple[Any, ...]]:
    """Return the tensors to be kept alive, and what the native function takes."""
    kept = [t.detach().contiguous() for t in (*levels, uvs, *([] if lods is None else [lods]))]
    sizes = [(t.data_ptr(), t.shape[0], t.shape[1]) for t in kept[: len(levels)]]
    return kept, (
        sizes,
        levels[0].shape[2],
        kept[len(levels)].data_ptr(),
        0 if lods is None else kept[-1].data_ptr(),
        uvs.shape[0] * uvs.shape[1],
        repeat,
        place,
    )


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
    del output
    levels, uvs, lods, ctx.repeat = inputs
    ctx.count, ctx.has_lods = len(levels), lods is not None
    ctx.by_levels = any(level.requires_grad for level in levels)
    ctx.save_for_backward(*levels, uvs, *([] if lods is None else [lods]))


def _differentiate(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:  # noqa: ANN401
    *levels, uvs = ctx.saved_tensors[: ctx.count + 1]
    lods = ctx.saved_tensors[-1] if ctx.has_lods else None
    by_uvs = ctx.needs_input_grad[1]
    level_slopes, uv_slope = _backward(
        levels, uvs, lods, ctx.repeat, gradient, ctx.by_levels, by_uvs
    )
    return (
        level_slopes if ctx.by_levels else [None] * ctx.count,
        uv_slope if by_uvs else None,
        None,
        None,
    )


_sample.register_autograd(_differentiate, setup_context=_setup_context)
