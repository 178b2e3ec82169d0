"""Rasterising in texture space: which triangle each texel belongs to, and filling the gutters."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from avatar.ops.rasterize_mesh import MeshFragments, rasterize_mesh


def rasterize_uv(
    uvs: Float[Tensor, "uvs 2"], uv_faces: Int[Tensor, "faces 3"], size: int
) -> MeshFragments:
    """Return which triangle the centre of each texel of a `size` x `size` texture lies in.

    Row 0 is at v = 0 and texel (0, 0)'s centre at u = v = 0.5 / size, as in glTF. Triangles of
    either winding count; where charts overlap, the first triangle wins. Depths are all 1.
    """
    return rasterize_mesh(uvs * size - 0.5, torch.ones_like(uvs[:, 0]), uv_faces, size, size)


def dilate(
    texture: Float[Tensor, "height width channels"], index: Int[Tensor, " texels"]
) -> Float[Tensor, "height width channels"]:
    """Fill every texel not in `index` (row * width + column) from the covered ones around it.

    Covered texels keep their value; near a chart the filling continues its border, further away
    it fades into the average, so neither bilinear lookups nor mipmaps ever see a background
    (pull-push, Gortler et al. 1996). Without any covered texel the texture comes back unchanged.
    """
    height, width = texture.shape[:2]
    covered = texture.new_zeros(height * width)
    covered[index] = 1
    weight = covered.view(1, 1, height, width)
    return _pull_push(texture.permute(2, 0, 1)[None], weight)[0].permute(1, 2, 0).contiguous()


def _pull_push(
    values: Float[Tensor, "1 channels height width"], weight: Float[Tensor, "1 1 height width"]
) -> Float[Tensor, "1 channels height width"]:
    if values.shape[2:].numel() == 1 or bool((weight > 0).all()):
        return values
    share = functional.avg_pool2d(weight, 2, ceil_mode=True)
    total = functional.avg_pool2d(values * weight, 2, ceil_mode=True)
    coarse = _pull_push(total / share.clamp_min(1e-12), (share > 0).to(share.dtype))
    filling = functional.interpolate(
        coarse, size=values.shape[2:], mode="bilinear", align_corners=False
    )
    return torch.where(weight > 0, values, filling)
