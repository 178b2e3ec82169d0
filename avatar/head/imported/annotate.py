"""Regions and dense landmarks for a foreign head, carried over from the default one.

The default head's landmarks and regions were measured once. A smooth warp takes that head onto the
other by the 68 points both have, and what lies on it goes to what lies nearest.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.interpolate import RBFInterpolator
from torch import Tensor

from avatar.core.mesh import SurfacePoints
from avatar.head.anny.load import load_anny
from avatar.head.imported.closest import closest_on_surface, nearest_vertices
from avatar.head.model import HeadModel, Region

_INNER = slice(17, 68)
_IRISES = {"eye_right": slice(468, 473), "eye_left": slice(473, 478)}
_INSIDE = ("mouth_interior", "eye_sockets")
# Lines along the lids that only the default head's own eye parts refer to, and its closed cut.
_NOT_CARRIED = ("lid_", "cut")


def annotated(model: HeadModel, known: Mapping[str, Bool[Tensor, " verts"]]) -> HeadModel:
    """Return the model with the default head's regions and 478 landmarks carried over.

    `known` are regions the model's own data name; they win, and where they name an inside (mouth,
    eye sockets) no region of the outside reaches. Lies within a few millimetres of where a
    measurement would put it; regions are as exact as the nearest vertex.
    """
    default = load_anny()
    warped = _warp(default, model)
    skin = model.part("skin").faces.unique()
    inside = torch.zeros(len(model.template), dtype=torch.bool)
    for name in _INSIDE:
        inside |= known.get(name, torch.zeros_like(inside))
    regions = dict(known)
    default_skin = default.part("skin").faces.unique()
    nearest = default_skin[nearest_vertices(model.template[skin], warped[default_skin])]
    for region in default.regions:
        if region.name in regions or region.name.startswith(_NOT_CARRIED):
            continue
        mask = torch.zeros_like(inside)
        mask[skin] = region.vertices[nearest]
        regions[region.name] = mask & ~inside
    return replace(
        model,
        regions=tuple(Region(name=name, vertices=mask) for name, mask in regions.items()),
        landmarks478=_landmarks(default, warped, model, inside),
    )


def _warp(default: HeadModel, model: HeadModel) -> Float[Tensor, "verts 3"]:
    """Return the default template moved smoothly onto the model's by landmarks and eyes.

    Biharmonic in space, affine far away; the jaw line's points, which slide along it from one
    definition to the next, only take part in the affine start.
    """
    start = torch.cat([_eye_centres(default), default.landmarks68.on(default.template)])
    goal = torch.cat([_eye_centres(model), model.landmarks68.on(model.template)])
    moved = _similar(start, goal, default.template)
    anchors = _similar(start, goal, start)
    inner = torch.cat([torch.tensor([0, 1]), 2 + torch.arange(68)[_INNER]])
    warp = RBFInterpolator(
        anchors[inner].double().numpy(),
        (goal - anchors)[inner].double().numpy(),
        kernel="linear",
        degree=0,
        smoothing=1e-4,
    )
    shift = torch.from_numpy(np.asarray(warp(moved.double().numpy()))).to(moved)
    # Correspondence is known on the face: what lies far from it keeps its place.
    face = moved.new_tensor([0.0, -0.03, 0.02])
    fade = (1.5 - (moved - face).norm(dim=1) / 0.1).clamp(0, 1)
    return moved + fade[:, None] * shift


def _eye_centres(model: HeadModel) -> Float[Tensor, "2 3"]:
    rows = [model.joint_names.index(f"eye_{side}") for side in ("left", "right")]
    return (model.joint_regressor @ model.template)[rows]


def _similar(
    source: Float[Tensor, "anchors 3"],
    target: Float[Tensor, "anchors 3"],
    points: Float[Tensor, "points 3"],
) -> Float[Tensor, "points 3"]:
    """Move points by the least-squares shift and scale between anchors: heads are upright."""
    source_mean, target_mean = source.mean(0), target.mean(0)
    scale = (target - target_mean).norm() / (source - source_mean).norm()
    return (points - source_mean) * scale + target_mean


def _landmarks(
    default: HeadModel,
    warped: Float[Tensor, "default_verts 3"],
    model: HeadModel,
    inside: Bool[Tensor, " verts"],
) -> SurfacePoints | None:
    if default.landmarks478 is None:
        return None
    positions = default.landmarks478.on(warped)
    faces = model.part("skin").faces
    faces = faces[~inside[faces].any(1)]
    points = closest_on_surface(positions, model.template, faces)
    corners, barycentrics = points.corners.clone(), points.barycentrics.clone()
    for name, rows in _IRISES.items():
        on_eye = closest_on_surface(positions[rows], model.template, model.part(name).faces)
        corners[rows], barycentrics[rows] = on_eye.corners, on_eye.barycentrics
    return SurfacePoints(corners=corners, barycentrics=barycentrics)
