"""Closing a person's eyes: lids that meet over that person's eyeballs without a gap."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.model import HeadModel
from avatar.head.parts.conjunctiva import row_shares
from avatar.head.parts.lashes import lash_roots
from avatar.head.parts.lid_frame import (
    LidFrame,
    LidOpening,
    lid_frame,
    lid_opening,
    part_vertices,
)
from avatar.head.parts.rims import Side
from avatar.head.parts.skin_patch import skin_patch, spread_over_patch

# Where the lids meet, from the lower edge (0) to the upper (1): the lower lid hardly moves.
MEETING = 0.16
# How far each lid's edge goes beyond the meeting line, radians, so that straight triangle sides
# leave no light between them.
_OVERLAP = 0.02
_CLEARANCE = 0.0003
# How far below its edge the lower lid is drawn up with it, radians.
_LOWER_REACH = 0.5
# How far lashes turn over what their lid turns: on a closed eye they lie flatter.
_LASH_TURN = 1.5
# How far the caruncle and its like go back when the lids close over them, metres.
_TISSUE_SINKS = 0.0014
# How faithful the skin stays to the turns it is given, against smoothness.
_FAITHFULNESS = 0.002
# Turns of the upper edge smaller than this, at the corners, say nothing about the skin above.
_SMALLEST_TURN = 0.08


def closed_eye(
    model: HeadModel, vertices: Float[Tensor, "verts 3"], side: Side
) -> Float[Tensor, "verts 3"]:
    """Return the displacements of `eyeBlinkLeft` or `Right` that close this person's eye.

    Every point of the lids turns about the axis through the ball that is parallel to the line
    between the eye's corners. The rims of both lids turn onto the meeting line; the upper lid's
    skin follows as it does in the model's own blink, the lower lid's fades out downwards; lashes
    and the tissue behind the rims turn with their roots; folds are smoothed away. Points that
    would end inside ball or cornea are pushed out.

    Args:
        model: a head model with the regions `lid_rim_*` and `lid_edge_*`.
        vertices: the person's neutral head, metres.
        side: which eye.
    """
    frame = lid_frame(model, vertices, side)
    points = vertices.double()
    edge = points[model.region(f"lid_edge_{side}")]
    opening = lid_opening(frame, edge)
    blink = model.expression_basis[ARKIT_INDEX[f"eyeBlink{side.capitalize()}"]].double()
    patch = skin_patch(model, (points - frame.centre).norm(dim=-1) < 3.2 * frame.radius)
    near = patch.members
    rim = model.region(f"lid_rim_{side}")[near]
    skin = points[near]
    turns = torch.where(
        rim,
        _turns_onto_meeting(frame, opening, skin),
        _turns_of_skin(frame, opening, skin, blink[near]),
    )
    moves = spread_over_patch(patch, frame.turned(skin, turns) - skin, rim, _FAITHFULNESS)
    displacement = torch.zeros_like(points)
    displacement[near] = _pushed_out(frame, skin + moves, moves.norm(dim=-1)) - skin
    lashes = part_vertices(model, f"lashes_{side}")
    displacement[lashes] = _lash_displacement(frame, opening, points[lashes])
    tissue = part_vertices(model, f"conjunctiva_{side}")
    displacement[tissue] = _tissue_displacement(frame, opening, points[tissue])
    return displacement.to(vertices.dtype)


def _meeting(opening: LidOpening) -> Float[Tensor, " knots"]:
    return opening.lower + MEETING * (opening.upper - opening.lower)


def _turns_onto_meeting(
    frame: LidFrame, opening: LidOpening, points: Float[Tensor, "points 3"]
) -> Float[Tensor, " points"]:
    """Return the turns that bring points of either rim onto the meeting line, or just past it."""
    along, elevation, _ = frame.coordinates(points)
    meeting = opening.at(_meeting(opening), along)
    gap = opening.at(opening.upper - opening.lower, along)
    overlap = _OVERLAP * (gap / 0.1).clamp(0, 1)
    return meeting - elevation - overlap * (elevation - meeting).sign()


def _turns_of_skin(
    frame: LidFrame,
    opening: LidOpening,
    points: Float[Tensor, "points 3"],
    blink: Float[Tensor, "points 3"],
) -> Float[Tensor, " points"]:
    """Return the turns of the skin around the rims: as much of its edge's turn as it takes part."""
    along, elevation, _ = frame.coordinates(points)
    upper, lower = opening.at(opening.upper, along), opening.at(opening.lower, along)
    meeting = opening.at(_meeting(opening), along)
    model_turn = frame.coordinates(points + blink)[1] - elevation
    edge_turn = _edge_turns(opening, along, elevation, model_turn)
    share = (model_turn / edge_turn).clamp(0, 1)
    below = 1 - ((lower - elevation) / _LOWER_REACH).clamp(0, 1)
    fading = below * below * (3 - 2 * below)
    return torch.where(elevation > meeting, share * (meeting - upper), fading * (meeting - lower))


def _edge_turns(
    opening: LidOpening,
    along: Float[Tensor, " points"],
    elevation: Float[Tensor, " points"],
    model_turn: Float[Tensor, " points"],
) -> Float[Tensor, " points"]:
    """Return how far the model's own blink turns the upper edge at each point's place, negative."""
    upper = opening.at(opening.upper, along)
    at_edge = (elevation - upper).abs() < 0.06
    knots = opening.positions
    width = (knots[-1] - knots[0]) / 16
    closeness = torch.exp(-(((knots[:, None] - along[at_edge]) / width) ** 2))
    turn = closeness @ model_turn[at_edge] / closeness.sum(-1).clamp_min(1e-9)
    return opening.at(turn, along).clamp_max(-_SMALLEST_TURN)


def _pushed_out(
    frame: LidFrame, points: Float[Tensor, "points 3"], moved: Float[Tensor, " points"]
) -> Float[Tensor, "points 3"]:
    """Push points that moved, and now lie inside ball or cornea, out along their radius."""
    offsets = points - frame.centre
    distance = offsets.norm(dim=-1)
    missing = (frame.surface(points) + _CLEARANCE - distance).clamp_min(0)
    share = (moved / 0.0008).clamp(0, 1)
    return points + (missing * share)[:, None] * normalize(offsets, dim=-1)


def _lash_displacement(
    frame: LidFrame, opening: LidOpening, points: Float[Tensor, "points 3"]
) -> Float[Tensor, "points 3"]:
    """Carry lashes along with their roots, which stand on the rims, and turn them further down."""
    roots = points[lash_roots()]
    turns = _turns_onto_meeting(frame, opening, roots)
    about_root = replace(frame, centre=torch.zeros_like(frame.centre))
    lashes = about_root.turned(points - roots, turns * _LASH_TURN)
    return frame.turned(roots, turns) + lashes - points


def _tissue_displacement(
    frame: LidFrame, opening: LidOpening, points: Float[Tensor, "points 3"]
) -> Float[Tensor, "points 3"]:
    """Turn the tissue behind the rims with them, as far as it is theirs, and draw it back a bit."""
    turns = row_shares() * _turns_onto_meeting(frame, opening, points)
    moved = frame.turned(points, turns)
    return moved - _TISSUE_SINKS * normalize(moved - frame.centre, dim=-1) - points
