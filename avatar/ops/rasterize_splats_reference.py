"""The torch twin of the splat rasteriser: what it computes, tile by tile, on any device."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.transform import matrix_from_quaternion

CUT = 1 / 255
"""Alphas below this are nothing."""

MOST_OPACITY = 0.999
"""Opacities above this count as this."""

TILE = 32


@dataclass(frozen=True, kw_only=True)
class SplatArguments:
    """The splat rasteriser's arguments as plain tensors and numbers.

    As in `Gaussians`, `Camera` and `SplatOptions` of `rasterize_splats`.
    """

    means: Float[Tensor, "splats 3"]
    rotations: Float[Tensor, "splats 4"]
    scales: Float[Tensor, "splats 3"]
    opacities: Float[Tensor, " splats"]
    features: Float[Tensor, "splats features"]
    harmonics: Float[Tensor, "splats harmonics 3"] | None
    pixel_offsets: Float[Tensor, "splats 2"] | None
    background: Float[Tensor, " channels"]
    rotation: Float[Tensor, "3 3"]
    translation: Float[Tensor, "3"]
    intrinsics: Float[Tensor, "3 3"]
    height: int
    width: int
    near: float
    blur: float
    antialiased: bool


@dataclass(frozen=True, kw_only=True)
class _Ellipses:
    """Splats that show, by depth, with what they carry; `index` says which of those given."""

    index: Int[Tensor, " shown"]
    centres: Float[Tensor, "shown 2"]
    covariances: Float[Tensor, "shown 2 2"]
    opacities: Float[Tensor, " shown"]
    channels: Float[Tensor, "shown channels_and_depth"]
    extents: Float[Tensor, "shown 2"]


def splat_picture(
    arguments: SplatArguments,
) -> tuple[
    Float[Tensor, "channels height width"],
    Float[Tensor, "height width"],
    Float[Tensor, "height width"],
    Int[Tensor, " splats"],
]:
    """Return features, depths, transmittance and radii, as `SplatPicture` has them."""
    ellipses = _project(arguments)
    height, width = arguments.height, arguments.width
    rows = [
        torch.cat(
            [
                _blend(ellipses, arguments.background, left, top, arguments)
                for left in range(0, width, TILE)
            ],
            dim=2,
        )
        for top in range(0, height, TILE)
    ]
    picture = torch.cat(rows, dim=1)
    radii = torch.zeros(len(arguments.means), dtype=torch.int32, device=picture.device)
    reach = ellipses.extents.detach().amax(-1).ceil().clamp_max(1e9)
    radii[ellipses.index] = reach.int()
    return picture[:-2], picture[-2], picture[-1], radii


def harmonic_colours(
    harmonics: Float[Tensor, "splats harmonics 3"], directions: Float[Tensor, "splats 3"]
) -> Float[Tensor, "splats 3"]:
    """Return 0.5 plus the series at unit directions from the camera, not yet cut at 0.

    Real spherical harmonics in the order and with the signs of Kerbl et al. 2023.
    """
    x, y, z = directions.unbind(-1)
    xx, yy, zz = x * x, y * y, z * z
    basis = [
        torch.full_like(x, 0.28209479177387814),
        -0.48860251190291987 * y,
        0.48860251190291987 * z,
        -0.48860251190291987 * x,
        1.0925484305920792 * x * y,
        -1.0925484305920792 * y * z,
        0.31539156525252005 * (2 * zz - xx - yy),
        -1.0925484305920792 * x * z,
        0.5462742152960396 * (xx - yy),
        -0.5900435899266435 * y * (3 * xx - yy),
        2.890611442640554 * x * y * z,
        -0.4570457994644658 * y * (4 * zz - xx - yy),
        0.3731763325901154 * z * (2 * zz - 3 * xx - 3 * yy),
        -0.4570457994644658 * x * (4 * zz - xx - yy),
        1.445305721320277 * z * (xx - yy),
        -0.5900435899266435 * x * (xx - 3 * yy),
    ]
    count = harmonics.shape[1]
    return 0.5 + (torch.stack(basis[:count], -1)[..., None] * harmonics).sum(1)


def _project(arguments: SplatArguments) -> _Ellipses:
    given = arguments
    index = _plausible(given).nonzero()[:, 0]
    means, scales = given.means[index], given.scales[index]
    intrinsics, rotation, translation = given.intrinsics, given.rotation, given.translation
    focal = intrinsics.diagonal()[:2]
    points = means @ rotation.T + translation
    depths = points[:, 2]
    slopes = points[:, :2] / depths[:, None]
    centres = slopes * focal + intrinsics[:2, 2]
    if given.pixel_offsets is not None:
        centres = centres + given.pixel_offsets[index]

    # Beyond 15 % outside the picture the linearisation is that at 15 % (as 3DGS does it).
    size = torch.tensor([given.width, given.height], device=means.device, dtype=means.dtype)
    low = (-0.5 - 0.15 * size - intrinsics[:2, 2]) / focal
    high = (size - 0.5 + 0.15 * size - intrinsics[:2, 2]) / focal
    cut = torch.minimum(torch.maximum(slopes, low.detach()), high.detach())
    axes = rotation @ matrix_from_quaternion(given.rotations[index]) * scales[:, None]
    rows = (focal / depths[:, None])[..., None] * (axes[:, :2] - cut[..., None] * axes[:, 2:])
    sharp = rows @ rows.transpose(-1, -2)
    covariances = sharp + given.blur * torch.eye(2, device=means.device, dtype=means.dtype)

    sharp_determinant = torch.linalg.cross(rows[:, 0], rows[:, 1]).square().sum(-1)
    trace = sharp.diagonal(dim1=-2, dim2=-1).sum(-1)
    determinant = sharp_determinant + given.blur * (trace + given.blur)
    opacities = given.opacities[index]
    if given.antialiased:
        ratio = sharp_determinant / determinant
        opacities = opacities * torch.where(ratio > 0, ratio, torch.ones_like(ratio)).sqrt()
        opacities = torch.where(ratio > 0, opacities, torch.zeros_like(opacities))
    opacities = opacities.clamp_max(MOST_OPACITY)

    channels, finite = _channels(given, index, means, depths)
    variances = covariances.detach().diagonal(dim1=-2, dim2=-1)
    reach = 2 * (opacities.detach() / CUT).clamp_min(1).log()
    extents = (reach[:, None] * variances).sqrt()
    shows = finite & (opacities > CUT) & (determinant > 0) & determinant.isfinite()
    shows &= ((centres + extents >= 0) & (centres - extents <= size - 1)).all(-1)
    shows &= covariances.isfinite().all(-1).all(-1) & centres.isfinite().all(-1)
    kept = shows.nonzero()[:, 0]
    kept = kept[depths[kept].argsort(stable=True)]
    return _Ellipses(
        index=index[kept],
        centres=centres[kept],
        covariances=covariances[kept],
        opacities=opacities[kept],
        channels=channels[kept],
        extents=extents[kept],
    )


@torch.no_grad()
def _plausible(given: SplatArguments) -> Bool[Tensor, " splats"]:
    """Return the splats of finite geometry in front of the camera."""
    parts = [given.means, given.rotations, given.scales, given.opacities[:, None]]
    if given.pixel_offsets is not None:
        parts.append(given.pixel_offsets)
    if given.harmonics is not None:
        parts.append(given.harmonics.flatten(1))
    depths = given.means @ given.rotation[2] + given.translation[2]
    turned = given.rotations.square().sum(-1)
    finite = torch.cat(parts, -1).isfinite().all(-1)
    return finite & (turned > 0) & (depths > given.near) & depths.isfinite()


def _channels(
    given: SplatArguments,
    index: Int[Tensor, " kept"],
    means: Float[Tensor, "kept 3"],
    depths: Float[Tensor, " kept"],
) -> tuple[Float[Tensor, "kept channels_and_depth"], Bool[Tensor, " kept"]]:
    """Return colour, features and depth of the splats kept, and whether they are finite."""
    parts = [given.features[index], depths[:, None]]
    if given.harmonics is not None:
        position = -given.rotation.T @ given.translation
        directions = torch.nn.functional.normalize(means - position, dim=-1)
        colours = harmonic_colours(given.harmonics[index], directions)
        parts.insert(0, torch.where(colours > 0, colours, colours * 0))  # keeps NaN, unlike relu
    channels = torch.cat(parts, -1)
    return channels, channels.isfinite().all(-1)


def _blend(
    ellipses: _Ellipses,
    background: Float[Tensor, " channels"],
    left: int,
    top: int,
    arguments: SplatArguments,
) -> Float[Tensor, "channels_depth_transmittance rows columns"]:
    """Blend one tile; transmittance comes last, the depth before it."""
    right, bottom = min(left + TILE, arguments.width), min(top + TILE, arguments.height)
    device, dtype = ellipses.centres.device, ellipses.centres.dtype
    low, high = ellipses.centres - ellipses.extents, ellipses.centres + ellipses.extents
    first = torch.tensor([left, top], device=device)
    last = torch.tensor([right - 1, bottom - 1], device=device)
    here = ((high >= first) & (low <= last)).all(-1).nonzero()[:, 0]
    y, x = torch.meshgrid(
        torch.arange(top, bottom, device=device, dtype=dtype),
        torch.arange(left, right, device=device, dtype=dtype),
        indexing="ij",
    )
    pixels = torch.stack([x, y], -1).reshape(-1, 1, 2)
    across = pixels - ellipses.centres[here]
    inverse = _inverse(ellipses.covariances[here])
    distance = (across[..., None, :] @ inverse @ across[..., None])[..., 0, 0]
    alpha = ellipses.opacities[here] * (-distance / 2).exp()
    alpha = torch.where(alpha >= CUT, alpha, torch.zeros_like(alpha))
    left_over = (1 - alpha).cumprod(-1)
    before = torch.cat([torch.ones_like(left_over[:, :1]), left_over[:, :-1]], -1)[:, : len(here)]
    transmittance = left_over[:, -1] if len(here) else torch.ones(len(pixels), device=device)
    transmittance = transmittance.to(dtype)
    seen = (alpha * before) @ ellipses.channels[here]
    behind = torch.cat([background, background.new_zeros(1)])
    seen = seen + transmittance[:, None] * behind
    together = torch.cat([seen, transmittance[:, None]], -1)
    return together.T.reshape(-1, bottom - top, right - left)


def _inverse(matrices: Float[Tensor, "n 2 2"]) -> Float[Tensor, "n 2 2"]:
    (a, b), (c, d) = matrices[:, 0].unbind(-1), matrices[:, 1].unbind(-1)
    determinant = a * d - b * c
    rows = torch.stack([d, -b, -c, a], -1) / determinant[:, None]
    return rows.unflatten(-1, (2, 2))
