"""The colour of a person's hair, or of a bald scalp, from the photos."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.core.harmonics import sh_basis
from avatar.fit.head_fit import HeadFit
from avatar.maps.unwrap import sample

FOREHEAD_TOP, CHIN = 10, 152
"""Of the 478 points: the middle of the hairline and the tip of the chin."""

REACH = 1.0
"""How far above the hairline the end of the hair is looked for, as a share of the face's height."""

OUTER = (0.5, 0.9)
"""The share of the way from hairline to outline that is taken for hair, not a high forehead."""


def hair_color(
    fit: HeadFit, observations: Sequence[Observation], skin_tone: Float[Tensor, "3"]
) -> Float[Tensor, "3"]:
    """Return the linear albedo of what covers the top of the head.

    Looks along a fan of rays from the hairline outwards, inside the matte; a quarter of the skin
    tone where the photos end before the hair begins.
    """
    found: list[Tensor] = []
    for photo, observation in zip(fit.photos, observations, strict=True):
        shading = sh_basis(torch.tensor([0.0, 0.8, 0.6])) @ photo.light
        found.append(_above_hairline(observation) / shading.clamp_min(0.1))
    colors = torch.cat(found)
    if len(colors) < 20:
        return skin_tone * 0.25
    # Hair shines: its darker half is nearer to its albedo.
    dark = colors[colors.mean(-1) <= colors.mean(-1).median()]
    return dark.median(0).values.clamp(0.002, 0.8)


def _above_hairline(observation: Observation) -> Float[Tensor, "pixels 3"]:
    top, chin = observation.landmarks[FOREHEAD_TOP], observation.landmarks[CHIN]
    height = (top - chin).norm()
    up = (top - chin) / height.clamp_min(1e-6)
    across = torch.stack([-up[1], up[0]])
    angles = torch.linspace(-0.6, 0.6, 25)
    rays = up * angles.cos()[:, None] + across * angles.sin()[:, None]
    reach = torch.linspace(0.0, REACH, 64) * height
    positions = top + rays[:, None] * reach[None, :, None]
    photo = observation.photo
    limit = positions.new_tensor([photo.width - 1, photo.height - 1])
    inside = ((positions >= 0) & (positions <= limit)).all(-1)
    matte = sample(observation.matte[..., None], positions.reshape(-1, 2))[:, 0]
    covered = inside & (matte.reshape(inside.shape) > 0.9)
    # From the hairline outwards until the head ends for the first time.
    extent = covered.long().cumprod(1).sum(1, keepdim=True)
    step = torch.arange(reach.shape[0])[None]
    hair = (step >= OUTER[0] * extent) & (step <= OUTER[1] * extent) & (extent > 6)
    return sample(photo.pixels, positions[hair])
