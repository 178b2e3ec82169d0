"""How well a track follows: coefficients, pose, lids, lips and calm."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.transform import Transform, rotation_vector_from_matrix
from avatar.fit.residuals.apertures import LIDS, LIPS

GROUPS: dict[str, tuple[str, ...]] = {
    "jaw": ("jawOpen",),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "pucker": ("mouthPucker", "mouthFunnel"),
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "brows": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    "frown": ("browDownLeft", "browDownRight"),
}
"""Coefficients that are summed before they are compared: models split a motion differently."""


def group_correlations(
    found: Float[Tensor, "frames 52"], truth: Float[Tensor, "frames 52"]
) -> dict[str, float]:
    """Return each group's correlation over time; groups that move by less than 0.3 are left out."""
    result: dict[str, float] = {}
    for group, names in GROUPS.items():
        rows = [ARKIT_INDEX[name] for name in names]
        a, b = found[:, rows].sum(1).double(), truth[:, rows].sum(1).double()
        if float(b.max() - b.min()) > 0.3 * len(names):
            result[group] = float(torch.corrcoef(torch.stack([a, b]))[0, 1])
    return result


def pose_errors(found: Transform, truth: Transform) -> tuple[float, float]:
    """Return the mean errors of rotation (degrees) and of place, as a share of the depth.

    The two models' head frames differ by a fixed turn and shift, which are taken out.
    """
    own, true = found.rotation.double(), truth.rotation.double()
    u, _, vt = torch.linalg.svd((own.transpose(1, 2) @ true).mean(0))
    left = rotation_vector_from_matrix((own @ u @ vt).transpose(1, 2) @ true)
    apart = (found.translation - truth.translation).double()
    shift = (true.transpose(1, 2) @ apart[..., None])[..., 0].median(0).values
    off = (apart - true @ shift).norm(dim=1) / truth.translation[:, 2]
    return float(left.norm(dim=1).mean().rad2deg()), float(off.mean())


def shape_distance(first: Float[Tensor, "verts 3"], second: Float[Tensor, "verts 3"]) -> float:
    """Return the mean distance of corresponding points (metres) after the best rigid motion."""
    a, b = first.double() - first.double().mean(0), second.double() - second.double().mean(0)
    u, _, vt = torch.linalg.svd(a.T @ b)
    return float((a @ u @ vt - b).norm(dim=1).mean())


def jitter(curves: Float[Tensor, "frames columns"], still: Bool[Tensor, " inner"]) -> float:
    """Return the root mean square of the second difference on still stretches."""
    return float(curves.diff(n=2, dim=0)[still].square().mean().sqrt())


def still_stretches(points: Float[Tensor, "frames points 2"]) -> Bool[Tensor, " inner"]:
    """Return which inner frames move least: the calmest third, by points smoothed over time."""
    kernel = torch.ones(7) / 7
    flat = points.flatten(1).T[:, None]
    calm = torch.nn.functional.conv1d(
        torch.nn.functional.pad(flat, (3, 3), mode="replicate"), kernel[None, None].to(flat)
    )[:, 0].T
    speed = (calm[2:] - calm[:-2]).norm(dim=1)
    return speed < speed.quantile(0.33)


@dataclass(frozen=True, kw_only=True)
class Apertures:
    """Openings over time as shares of the inter-iris distance: right lids, left lids, lips."""

    values: Float[Tensor, "frames 3"]

    @staticmethod
    def of(points: Float[Tensor, "frames 478 2"], iris: Float[Tensor, " frames"]) -> "Apertures":
        """Return the openings of landmarks in pixels."""
        groups = (LIDS[:5], LIDS[5:], LIPS[:3])
        gaps = [
            torch.stack([(points[:, a] - points[:, b]).norm(dim=1) for a, b in pairs]).mean(0)
            for pairs in groups
        ]
        return Apertures(values=torch.stack(gaps, 1) / iris[:, None])


@dataclass(frozen=True, kw_only=True)
class Recall:
    """How many of the closings that the landmarks show the mesh shows too."""

    shown: int
    found: int


def closings(seen: Apertures, mesh: Apertures) -> tuple[Recall, Recall]:
    """Return the recall of blinks and of closed lips, each within one frame.

    A blink is lids below 35 % of their usual opening, met by the mesh below 50 % of its own; lips
    are closed below 2 % of the inter-iris distance, met by the mesh below 3.5 %.
    """
    lids, lips = seen.values[:, :2].mean(1), seen.values[:, 2]
    own_lids, own_lips = mesh.values[:, :2].mean(1), mesh.values[:, 2]
    blink = _recall(lids < 0.35 * lids.median(), own_lids < 0.5 * own_lids.median())
    return blink, _recall(lips < 0.02, own_lips < 0.035)


def _recall(shown: Bool[Tensor, " frames"], found: Bool[Tensor, " frames"]) -> Recall:
    """Count stretches of `shown` that `found` touches, a frame early or late."""
    wide = torch.nn.functional.max_pool1d(found.float()[None, None], 3, 1, 1)[0, 0] > 0
    starts = (shown.int().diff(prepend=torch.zeros(1, dtype=torch.int32)) > 0).nonzero()[:, 0]
    count = met = 0
    for start in starts.tolist():
        rest = (~shown[start:]).nonzero()[:, 0]
        end = start + (int(rest[0]) if len(rest) else len(shown) - start)
        count += 1
        met += bool(wide[start:end].any())
    return Recall(shown=count, found=met)
