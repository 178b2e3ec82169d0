"""Set a person's eyeballs against that person's lids."""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from avatar.head.model import HeadModel
from avatar.head.parts.conjunctiva import row_shares
from avatar.head.parts.lid_frame import LidFrame, lid_frame, part_vertices
from avatar.head.parts.rims import SIDES, Side
from avatar.head.parts.skin_patch import skin_patch, spread_over_patch

# Adult eyeballs differ by some 5 % in size; how much more a change of size costs than a gap.
_SIZE_RANGE = (0.95, 1.06)
_SIZE_WEIGHT = 0.4
# Against balls that roll out of lids so narrow that their rims do not say where the ball is.
_CENTRE_WEIGHT = 0.12
# How thick the lids' skin must at least be over ball and cornea.
_SKIN_OVER_BALL = 0.0008
# How far rims may lie from where they lie on the model's own ball before they are moved.
_SLACK = 0.0004


def settled_eyes(model: HeadModel, vertices: Float[Tensor, "verts 3"]) -> Float[Tensor, "verts 3"]:
    """Return the neutral head with each eyeball lying against its lids as on the model's template.

    A head's linear shapes and free-form offsets move lids and balls apart by up to a few
    millimetres. The ball is moved, and resized by a few percent, until the points of the rims that
    touch it are as far from its centre as on the template (least squares); what remains is taken
    by the rims, whose skin follows smoothly. Models without lid regions come back unchanged.
    """
    if not has_lids(model):
        return vertices
    settled = vertices.double().clone()
    for side in SIDES:
        settled = _settled_eye(model, settled, side)
    return settled.to(vertices.dtype)


def has_lids(model: HeadModel) -> bool:
    """Whether the model names the regions of the lids and has the parts that eyes need."""
    names = {region.name for region in model.regions}
    parts = {part.name for part in model.parts}
    return {"lid_rim_left", "lid_edge_left", "lid_contact_left"} <= names and {
        "eye_left",
        "cornea_left",
        "lashes_left",
        "conjunctiva_left",
    } <= parts


def _settled_eye(
    model: HeadModel, points: Float[Tensor, "verts 3"], side: Side
) -> Float[Tensor, "verts 3"]:
    touching = model.region(f"lid_contact_{side}")
    rest = lid_frame(model, model.template, side)
    before = lid_frame(model, points, side)
    template = model.template.double()
    shares = (template[touching] - rest.centre).norm(dim=-1) / rest.radius
    after = _fitted_ball(before, points[touching], shares)
    settled = points.clone()
    for name in (f"eye_{side}", f"cornea_{side}"):
        ball = part_vertices(model, name)
        settled[ball] = _with_ball(before, after, points[ball])
    moves = torch.zeros_like(points)
    lids = _lids_of(model, points, side)
    moves[lids] = _lifted(after, points[lids])
    moves[touching] = _rim_moves(after, points[touching], shares)
    held = touching | (moves.norm(dim=-1) > 0)
    settled = settled + _followed(model, points, side, held, moves)
    tissue = part_vertices(model, f"conjunctiva_{side}")
    share = row_shares()[:, None]
    rims = _nearest_moves(points[tissue], points[touching], moves[touching])
    with_ball = _with_ball(before, after, points[tissue])
    settled[tissue] = share * (points[tissue] + rims) + (1 - share) * with_ball
    return settled


def _with_ball(
    before: LidFrame, after: LidFrame, points: Float[Tensor, "points 3"]
) -> Float[Tensor, "points 3"]:
    """Return points carried along by a ball that moves and grows."""
    return after.centre + (points - before.centre) * (after.radius / before.radius)


def _nearest_moves(
    points: Float[Tensor, "points 3"],
    movers: Float[Tensor, "movers 3"],
    moves: Float[Tensor, "movers 3"],
) -> Float[Tensor, "points 3"]:
    """Return for each point the move of the nearest of some others."""
    return moves[torch.cdist(points, movers).argmin(-1)]


def _fitted_ball(
    ball: LidFrame, rims: Float[Tensor, "rims 3"], shares: Float[Tensor, " rims"]
) -> LidFrame:
    """Return the ball whose radius times `shares` comes nearest to the rims' distances from it."""
    centre, radius = ball.centre, rims.new_tensor(ball.radius)
    weights = [_CENTRE_WEIGHT, _CENTRE_WEIGHT, _CENTRE_WEIGHT, _SIZE_WEIGHT]
    keep = rims.new_tensor(weights) * len(rims) ** 0.5
    for _ in range(8):
        offsets = rims - centre
        distances = offsets.norm(dim=-1)
        design = torch.cat([offsets / distances[:, None], shares[:, None]], dim=-1)
        gaps = distances - radius * shares
        stay = (ball.centre - centre).tolist()
        start = design.new_tensor([*stay, float(ball.radius - radius)])
        target = torch.cat([gaps, keep * start])
        step = torch.linalg.lstsq(torch.cat([design, keep.diag()]), target[:, None]).solution[:, 0]
        centre = centre + step[:3]
        low, high = (ball.radius * limit for limit in _SIZE_RANGE)
        radius = (radius + step[3]).clamp(low, high)
    return replace(ball, centre=centre, radius=float(radius))


def _rim_moves(
    ball: LidFrame, rims: Float[Tensor, "rims 3"], shares: Float[Tensor, " rims"]
) -> Float[Tensor, "rims 3"]:
    """Return how rims must move to lie on the ball as on the template, within the slack."""
    offsets = rims - ball.centre
    gaps = offsets.norm(dim=-1) - ball.radius * shares
    excess = gaps - gaps.clamp(-_SLACK, _SLACK)
    return -excess[:, None] * normalize(offsets, dim=-1)


def _lids_of(
    model: HeadModel, points: Float[Tensor, "verts 3"], side: Side
) -> Bool[Tensor, " verts"]:
    """Return the outside of one eye's lids, without their rims."""
    names = {region.name for region in model.regions}
    lids = model.region("eyelids") if "eyelids" in names else torch.zeros(len(points)).bool()
    left = points[:, 0] > 0
    own = left if side == "left" else ~left
    return lids & own & ~model.region(f"lid_rim_{side}")


def _lifted(ball: LidFrame, lids: Float[Tensor, "lids 3"]) -> Float[Tensor, "lids 3"]:
    """Return how lids must move to cover ball and cornea."""
    offsets = lids - ball.centre
    missing = ball.surface(lids) + _SKIN_OVER_BALL - offsets.norm(dim=-1)
    return missing.clamp_min(0)[:, None] * normalize(offsets, dim=-1)


def _followed(
    model: HeadModel,
    points: Float[Tensor, "verts 3"],
    side: Side,
    held: Bool[Tensor, " verts"],
    moves: Float[Tensor, "verts 3"],
) -> Float[Tensor, "verts 3"]:
    """Spread the held moves over the skin around the eye, and take the lashes along."""
    frame = lid_frame(model, points, side)
    patch = skin_patch(model, (points - frame.centre).norm(dim=-1) < 2.2 * frame.radius)
    field = torch.zeros_like(points)
    field[patch.members] = spread_over_patch(
        patch, moves[patch.members], held[patch.members], faithfulness=2e-3
    )
    lashes = part_vertices(model, f"lashes_{side}")
    edge = model.region(f"lid_edge_{side}")
    field[lashes] = _nearest_moves(points[lashes], points[edge], field[edge])
    return field
