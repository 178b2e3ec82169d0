"""An eye of a head model and the coordinates its lids move in."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from avatar.head.model import HeadModel
from avatar.head.parts.eyeball import (
    CORNEA_HEIGHT,
    CORNEA_RADIUS,
    EYEBALL_RADIUS,
)
from avatar.head.parts.rims import Side


@dataclass(frozen=True, kw_only=True)
class LidFrame:
    """The ball of one eye and axes through its centre.

    Lids slide over the ball by turning about `lateral`, the direction of the line between the
    eye's corners, towards the subject's left; `forward` and `up` are at right angles to it.
    """

    centre: Float[Tensor, "3"]
    radius: float
    lateral: Float[Tensor, "3"]
    forward: Float[Tensor, "3"]
    up: Float[Tensor, "3"]

    def coordinates(
        self, points: Float[Tensor, "*batch 3"]
    ) -> tuple[Float[Tensor, "*batch"], Float[Tensor, "*batch"], Float[Tensor, "*batch"]]:
        """Return where points lie along the axis (metres), their elevation (radians, 0 ahead) and
        their distance from the axis (metres)."""  # noqa: D205, D209
        offsets = points - self.centre
        ahead, above = offsets @ self.forward, offsets @ self.up
        return offsets @ self.lateral, torch.atan2(above, ahead), torch.hypot(above, ahead)

    def turned(
        self, points: Float[Tensor, "points 3"], angles: Float[Tensor, " points"]
    ) -> Float[Tensor, "points 3"]:
        """Return points turned up about the axis, each by its own angle (radians)."""
        along, elevation, distance = self.coordinates(points)
        elevation = elevation + angles
        return (
            self.centre
            + along[:, None] * self.lateral
            + (distance * elevation.cos())[:, None] * self.forward
            + (distance * elevation.sin())[:, None] * self.up
        )

    def surface(self, points: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
        """Return how far from the centre ball or cornea reach in the points' directions, metres.

        The eye looks straight ahead, along +Z.
        """
        scale = self.radius / EYEBALL_RADIUS
        centre_of_cornea = scale * (CORNEA_HEIGHT - CORNEA_RADIUS)
        cosine = normalize(points - self.centre, dim=-1)[:, 2]
        # The ray from the ball's centre meets the cornea's sphere, whose centre lies before it.
        height = centre_of_cornea * cosine
        root = (scale * CORNEA_RADIUS) ** 2 - centre_of_cornea**2 * (1 - cosine**2)
        cornea = height + root.clamp_min(0).sqrt()
        return torch.where(
            cosine > 0, cornea.clamp_min(self.radius), cornea.new_tensor(self.radius)
        )


def part_vertices(model: HeadModel, name: str) -> slice:
    """Return where a part's vertices lie; they follow each other. KeyError if there is none."""
    faces = model.part(name).faces
    return slice(int(faces.min()), int(faces.max()) + 1)


def lid_frame(model: HeadModel, vertices: Float[Tensor, "verts 3"], side: Side) -> LidFrame:
    """Return the eye's ball and axes on a person's head, double precision."""
    points = vertices.double()
    centre = model.joint_regressor[model.joint_names.index(f"eye_{side}")].double() @ points
    ball = points[part_vertices(model, f"eye_{side}")]
    # The last vertex is the back pole: the front ones lie on the iris.
    radius = float((ball[-1] - centre).norm())
    edge = points[model.region(f"lid_edge_{side}")]
    corners = edge[[int(edge[:, 0].argmin()), int(edge[:, 0].argmax())]]
    lateral = normalize(corners[1] - corners[0], dim=0)
    ahead = points.new_tensor([0.0, 0.0, 1.0])
    forward = normalize(ahead - (ahead @ lateral) * lateral, dim=0)
    return LidFrame(
        centre=centre,
        radius=radius,
        lateral=lateral,
        forward=forward,
        up=torch.linalg.cross(forward, lateral),
    )


@dataclass(frozen=True, kw_only=True)
class LidOpening:
    """The lids' front edges as curves: elevations over equally spaced positions along the axis."""

    positions: Float[Tensor, " knots"]
    upper: Float[Tensor, " knots"]
    lower: Float[Tensor, " knots"]

    def at(
        self, curve: Float[Tensor, " knots"], along: Float[Tensor, " points"]
    ) -> Float[Tensor, " points"]:
        """Interpolate a curve over the knots at positions along the axis, held at the ends."""
        first, last = self.positions[0], self.positions[-1]
        place = ((along - first) / (last - first)).clamp(0, 1) * (len(self.positions) - 1)
        low = place.floor().long().clamp_max(len(self.positions) - 2)
        share = place - low
        return curve[low] * (1 - share) + curve[low + 1] * share


_KNOTS = 49


def lid_opening(frame: LidFrame, edge: Float[Tensor, "edge 3"]) -> LidOpening:
    """Return the upper and the lower lid's edge as curves from corner to corner."""
    along, elevation, _ = frame.coordinates(edge)
    order = along.argsort()
    along, elevation = along[order], elevation[order]
    share = (along - along[0]) / (along[-1] - along[0])
    chord = elevation[0] + share * (elevation[-1] - elevation[0])
    ends: Bool[Tensor, " edge"] = torch.zeros_like(along, dtype=torch.bool)
    ends[0] = ends[-1] = True
    positions = torch.linspace(float(along[0]), float(along[-1]), _KNOTS, dtype=along.dtype)
    curves: list[Tensor] = []
    for chosen in (elevation > chord, elevation < chord):
        knots = chosen | ends
        curves.append(_interpolated(positions, along[knots], elevation[knots]))
    upper = torch.maximum(*curves)
    return LidOpening(positions=positions, upper=upper, lower=torch.minimum(*curves))


def _interpolated(
    at: Float[Tensor, " points"], x: Float[Tensor, " knots"], y: Float[Tensor, " knots"]
) -> Float[Tensor, " points"]:
    """Interpolate linearly between knots with ascending x."""
    high = torch.searchsorted(x, at).clamp(1, len(x) - 1)
    low = high - 1
    share = ((at - x[low]) / (x[high] - x[low]).clamp_min(1e-9)).clamp(0, 1)
    return y[low] + share * (y[high] - y[low])
