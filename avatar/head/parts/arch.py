"""A dental arch: a curve in the horizontal plane, and where the teeth stand along it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.parts.crowns import CrownShape


@dataclass(frozen=True, kw_only=True)
class DentalArch:
    """One jaw's arch, metres in axes parallel to the head frame's, from the mouth's middle.

    The facial surfaces lie on `z = front - quadratic x^2 - quartic x^4`. `edge_heights` are the y
    of the teeth's ends from the central incisor back; `upwards` is +1 where roots point up. `lean`
    is how much the roots of the front teeth lie behind their edges (radians).
    """

    crowns: tuple[CrownShape, ...]
    front: float
    quadratic: float
    quartic: float
    edge_heights: tuple[float, ...]
    upwards: float
    lean: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ToothPlace:
    """Where a tooth of the subject's left side stands.

    `origin` is the crown's own origin, and the columns of `axes` its X (distal), Y (rootwards) and
    Z (facial) axes, in the arch's frame.
    """

    crown: CrownShape
    origin: Float[Tensor, "3"]
    axes: Float[Tensor, "3 3"]


_SAMPLES = 800
_WIDEST = 0.034


def tooth_places(arch: DentalArch) -> tuple[ToothPlace, ...]:
    """Set the teeth of the left side side by side along the arch, from the midline back."""
    facial, outwards = _facial_curve(arch)
    middle = facial - outwards * _half_depths(arch, facial)[:, None]
    lengths = torch.cat([middle.new_zeros(1), (middle[1:] - middle[:-1]).norm(dim=-1).cumsum(0)])
    places: list[ToothPlace] = []
    passed = 0.0
    for crown, height, lean in zip(arch.crowns, arch.edge_heights, arch.lean, strict=True):
        # Neighbours overlap by a twentieth of a millimetre so that no light falls between them.
        at = int(torch.searchsorted(lengths, passed + crown.width / 2).clamp_max(_SAMPLES - 1))
        passed += crown.width - 5e-5
        out = outwards[at]
        facial_point = middle[at] + out * crown.depth / 2
        origin = facial_point - out * crown.depth / 2
        origin = torch.stack([origin[0], origin.new_tensor(height), origin[1]])
        places.append(ToothPlace(crown=crown, origin=origin, axes=_axes(out, lean, arch.upwards)))
    return tuple(places)


def _facial_curve(
    arch: DentalArch,
) -> tuple[Float[Tensor, "samples 2"], Float[Tensor, "samples 2"]]:
    """Return points (x, z) of the facial curve from the midline to the left and their normals."""
    x = torch.linspace(0, _WIDEST, _SAMPLES, dtype=torch.float64)
    z = arch.front - arch.quadratic * x**2 - arch.quartic * x**4
    slope = -2 * arch.quadratic * x - 4 * arch.quartic * x**3
    normal = torch.nn.functional.normalize(torch.stack([-slope, torch.ones_like(x)], -1), dim=-1)
    return torch.stack([x, z], -1), normal


def _half_depths(arch: DentalArch, facial: Float[Tensor, "samples 2"]) -> Float[Tensor, " samples"]:
    """Return how far behind the facial curve the teeth touch each other: half their depths."""
    ends = torch.tensor([arch.crowns[0].depth, arch.crowns[-1].depth], dtype=torch.float64) / 2
    share = (facial[:, 0] / _WIDEST).clamp(0, 1)
    return ends[0] + (ends[1] - ends[0]) * share


def _axes(out: Float[Tensor, "2"], lean: float, upwards: float) -> Float[Tensor, "3 3"]:
    """Return a tooth's axes: X along the arch, Y to the root, leaning inwards, Z facial."""
    facial = torch.stack([out[0], out.new_zeros(()), out[1]])
    distal = torch.stack([out[1], out.new_zeros(()), -out[0]])
    up = facial.new_tensor([0.0, upwards, 0.0])
    turn = facial.new_tensor(lean)
    root = up * turn.cos() - facial * turn.sin()
    front = facial * turn.cos() + up * turn.sin()
    return torch.stack([distal, root, front], dim=-1)
