"""Regions and landmarks for a foreign head whose file has none, carried over by shape alone."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.mesh import SurfacePoints
from avatar.head.anny.load import load_anny
from avatar.head.imported.closest import closest_on_surface, nearest_vertices
from avatar.head.imported.front_view import hidden_front
from avatar.head.imported.register import registered
from avatar.head.model import HeadModel, Region

_IRISES = {"eye_right": slice(468, 473), "eye_left": slice(473, 478)}
# Lines along the lids and insides that only the default head's own parts refer to.
_NOT_CARRIED = ("lid_", "cut", "mouth_interior", "eye_sockets")


def annotated_by_shape(model: HeadModel, known: Mapping[str, Bool[Tensor, " verts"]]) -> HeadModel:
    """Return the model with the default head's regions and landmarks carried over.

    The default head is shaped onto the model (`registered`), and what lies on it goes to what lies
    nearest. Measured on one head, ICT-FaceKit's, on which the weights were also chosen: distances
    to its own 68 points are 2.4 mm at the eyes, 2.9 at the mouth, 3.9 at the nose, 5.7 at the
    brows (3.5 on average, 7.1 at most) and 10 along the jaw. How much of that is the two sets'
    different definitions is not known. `known` are regions the model's own data name; they win.
    """
    default = load_anny()
    hidden = hidden_front(model)
    laid = registered(default, model, hidden)
    skin = model.part("skin").faces
    seen = skin[~hidden[skin].any(1)]
    used, own = seen.unique(), default.part("skin").faces.unique()
    nearest = own[nearest_vertices(model.template[used], laid[own])]
    regions = dict(known)
    for region in default.regions:
        if region.name not in regions and not region.name.startswith(_NOT_CARRIED):
            regions[region.name] = torch.zeros_like(hidden)
            regions[region.name][used] = region.vertices[nearest]
    dense = default.landmarks478
    return replace(
        model,
        regions=tuple(Region(name=name, vertices=mask) for name, mask in regions.items()),
        landmarks68=closest_on_surface(default.landmarks68.on(laid), model.template, seen),
        landmarks478=None if dense is None else _dense(model, dense.on(laid), seen),
    )


def _dense(
    model: HeadModel, positions: Float[Tensor, "478 3"], skin: Int[Tensor, "faces 3"]
) -> SurfacePoints:
    """Return the 478 points: those of the irises on the eyeballs, the others on the skin."""
    points = closest_on_surface(positions, model.template, skin)
    corners, barycentrics = points.corners.clone(), points.barycentrics.clone()
    for name, rows in _IRISES.items():
        on_eye = closest_on_surface(positions[rows], model.template, model.part(name).faces)
        corners[rows], barycentrics[rows] = on_eye.corners, on_eye.barycentrics
    return SurfacePoints(corners=corners, barycentrics=barycentrics)
