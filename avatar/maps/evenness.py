"""Broad light left in an albedo, told from broad differences of skin by how large they are."""

from jaxtyping import Float
from torch import Tensor

from avatar.core.harmonic_fill import harmonic_fill
from avatar.head.model import HeadModel
from avatar.maps.hair import BROAD

SKIN_SHADE, SKIN_HUE = 0.07, 0.05
"""How far the brightness of skin, and its hue, differ over centimetres (natural log)."""

MOST = 0.9


def broad_light(
    model: HeadModel,
    albedo: Float[Tensor, "verts 3"],
    trust: Float[Tensor, " verts"],
    tone: Float[Tensor, "3"],
) -> Float[Tensor, "verts 3"]:
    """Return the factor by which light is still in an albedo, over centimetres and more.

    Wiener's share: what varies more than skin does is light by the ratio of the variances, for
    brightness and for hue each. `trust` is how surely each vertex shows bare skin, in [0, 1].
    """
    faces = model.part("skin").faces
    off = (albedo.clamp_min(1e-3) / tone.clamp_min(1e-3)).log().clamp(-1.2, 1.2)
    broad = harmonic_fill(off, trust.clamp(0, 1) + 1e-6, faces, smoothness=BROAD)
    shade = broad.mean(-1, keepdim=True)
    light = _excess(shade, trust, SKIN_SHADE) + _excess(broad - shade, trust, SKIN_HUE)
    return light.exp()


def _excess(
    values: Float[Tensor, "verts channels"], trust: Float[Tensor, " verts"], usual: float
) -> Float[Tensor, "verts channels"]:
    """Return the share of values that is more than skin's, about their mean."""
    total = trust.sum().clamp_min(1e-6)
    mean = (values * trust[:, None]).sum(0) / total
    centred = values - mean
    variance = float((centred.square() * trust[:, None]).sum() / total / values.shape[1])
    return min(MOST, max(0.0, 1 - usual**2 / max(variance, 1e-9))) * centred
