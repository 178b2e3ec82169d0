"""Named parts of the skin, found from charts, rings round openings, targets and positions."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.anny.bust import Bust
from avatar.head.anny.charts import Charts
from avatar.head.anny.linear_map import apply_map
from avatar.head.anny.source import AnnySource
from avatar.head.anny.targets import read_target
from avatar.head.parts.lid_regions import lid_regions

_JAW_OPEN = ARKIT_INDEX["jawOpen"]
_LIP_RINGS = 7
_LID_RINGS = 8
_EYE_AREA_RADIUS = 0.024


def skin_regions(
    source: AnnySource, bust: Bust, charts: Charts, points: Float[Tensor, "verts 3"]
) -> dict[str, Bool[Tensor, " verts"]]:
    """Return masks of the bust's vertices; `points` is the average bust, metres, head frame.

    Lips and eyelids are the rings of vertices round the openings; nose and ears the vertices their
    own targets move; the rest is cut by lines on the average head.
    """
    x, y, z = points.unbind(1)
    side = x.abs()
    inside_mouth = _of_quads(bust, charts.mouth)
    sockets = _of_quads(bust, charts.socket_left | charts.socket_right)
    cut = torch.zeros_like(sockets)
    cut[bust.cap_quads.flatten()] = True
    lips = _within_rings(bust, charts, inside_mouth, _LIP_RINGS)
    lids = _within_rings(bust, charts, sockets, _LID_RINGS)
    inner = inside_mouth | sockets | cut
    rim_of_mouth = inside_mouth & lips
    inside_mouth = inside_mouth & ~rim_of_mouth
    sockets = sockets & ~lids

    nose = _moved(source, bust, ("nose/nose-trans-forward",), 0.5)
    ears = _moved(source, bust, ("ears/l-ear-trans-forward", "ears/r-ear-trans-forward"), 0.9)
    outer = ~(inner & ~lips & ~lids)
    neck = outer & (y < _jaw_line(z))
    shoulders = neck & (y < -0.178 - 0.35 * (z + 0.1))
    scalp = outer & ~neck & ~ears & (y > _hair_line(side, z))
    front = outer & ~neck & ~ears & ~scalp & (z > -0.06)
    mouth_height = points[rim_of_mouth, 1].mean()
    eye_area = front & ~nose & (_distance_in_front(points) < _EYE_AREA_RADIUS)
    brows = front & (y > 0.011 + 0.08 * side) & (y < 0.026) & (side > 0.011) & (side < 0.056)
    forehead = front & (y > 0.02)
    chin = front & (y < mouth_height - 0.012 - 0.4 * (side - 0.02).clamp_min(0))
    cheeks = front & ~(forehead | chin | nose | lips | lids) & (side > 0.02) & (y < -0.005)
    return {
        "face": front & (_narrow_face_distance(points) < 1) & ~inside_mouth,
        "face_wide": front,
        "lips": lips,
        "lip_upper": lips & _upper_lip(source, bust),
        "lip_lower": lips & ~_upper_lip(source, bust),
        "eyelids": lids,
        "eye_left": eye_area & (x > 0),
        "eye_right": eye_area & (x < 0),
        "brows": brows,
        "nose": nose,
        "ears": ears,
        "scalp": scalp,
        "forehead": forehead,
        "cheeks": cheeks,
        "chin": chin,
        "neck": neck & ~shoulders,
        "shoulders": shoulders,
        "mouth_interior": inside_mouth,
        "eye_sockets": sockets,
        "cut": cut,
        **_lid_lines(source, bust),
    }


def _lid_lines(source: AnnySource, bust: Bust) -> dict[str, Bool[Tensor, " verts"]]:
    """Return the lids' rims, edges and lines of contact with the eyeballs."""
    masks: dict[str, Tensor] = {}
    for name, vertices in lid_regions(source).items():
        masks[name] = torch.zeros(len(bust.mirror), dtype=torch.bool)
        masks[name][: len(bust.sources)] = vertices[bust.sources]
    return masks


def _of_quads(bust: Bust, quads: Bool[Tensor, " quads"]) -> Bool[Tensor, " verts"]:
    mask = torch.zeros(len(bust.mirror), dtype=torch.bool)
    mask[bust.quads[quads].flatten()] = True
    return mask


def _within_rings(
    bust: Bust, charts: Charts, seed: Bool[Tensor, " verts"], rings: int
) -> Bool[Tensor, " verts"]:
    """Return the outside's vertices at most that many quads away from the seed, border included."""
    outside = bust.quads[charts.outside]
    on_outside = _of_quads(bust, charts.outside)
    reached = seed & on_outside
    for _ in range(rings):
        reached = reached.clone()
        reached[outside[reached[outside].any(1)].flatten()] = True
    return reached


def _moved(
    source: AnnySource, bust: Bust, targets: tuple[str, ...], share: float
) -> Bool[Tensor, " verts"]:
    """Return the vertices these targets move by more than that share of their greatest move."""
    count = len(source.vertices)
    mask = torch.zeros(len(bust.mirror), dtype=torch.bool)
    for target in targets:
        moves = read_target(f"mpfb2/targets/{target}.target.gz", count)
        length = apply_map(bust.averages, moves).norm(dim=1)
        mask |= length > share * length.max()
    return mask


def _upper_lip(source: AnnySource, bust: Bust) -> Bool[Tensor, " verts"]:
    """Return the vertices that opening the jaw leaves behind."""
    down = -apply_map(bust.averages, source.expressions[_JAW_OPEN])[:, 1]
    return down < 0.35 * down.max()


def _jaw_line(z: Float[Tensor, " verts"]) -> Float[Tensor, " verts"]:
    """Return the height under which the outside is neck: from under the chin up to the nape."""
    return (-0.118 - 0.45 * (z + 0.02)).clamp(max=-0.058)


def _hair_line(
    side: Float[Tensor, " verts"], z: Float[Tensor, " verts"]
) -> Float[Tensor, " verts"]:
    """Return the height above which hair may grow: forehead, temple, over the ear, nape."""
    front = 0.066 - 3.0 * (side - 0.035).clamp_min(0) ** 1.5
    temple = -0.055
    behind = ((temple - z) / 0.03).clamp(0, 1)
    low = 0.01 - 1.1 * (-0.075 - z).clamp_min(0)
    return front * (1 - behind) + low.clamp_min(-0.06) * behind


def _distance_in_front(points: Float[Tensor, "verts 3"]) -> Float[Tensor, " verts"]:
    """Return the distance across the view from the front to the nearer eye's centre."""
    x, y, _ = points.unbind(1)
    return ((x.abs() - 0.0313) ** 2 + y**2).sqrt()


def _narrow_face_distance(points: Float[Tensor, "verts 3"]) -> Float[Tensor, " verts"]:
    """Return below one inside an oval from the brows to the chin, as face benchmarks cut it."""
    x, y, _ = points.unbind(1)
    return ((x / 0.06) ** 2 + ((y + 0.038) / 0.075) ** 2).sqrt()
