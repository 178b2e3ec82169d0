"""Where the eyes look: the eyeball's turn that puts the iris where it was seen."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.core.arkit import ARKIT_INDEX
from avatar.fit.state import PhotoState
from avatar.head.model import HeadModel

IRIS_CENTRES = {"eye_left": 473, "eye_right": 468}
IRIS_PLANE = 0.0105
"""Distance of the iris's plane from the eyeball's centre, metres, where the model does not say."""

VERGENCE = 0.25
"""How much of the eyes' disagreement about yaw is kept: most of it is noise."""

LOOKS: tuple[tuple[str, int, int, float], ...] = (
    ("eyeLookOutLeft", 0, 0, 1.0),
    ("eyeLookInLeft", 0, 0, -1.0),
    ("eyeLookDownLeft", 0, 1, 1.0),
    ("eyeLookUpLeft", 0, 1, -1.0),
    ("eyeLookInRight", 1, 0, 1.0),
    ("eyeLookOutRight", 1, 0, -1.0),
    ("eyeLookDownRight", 1, 1, 1.0),
    ("eyeLookUpRight", 1, 1, -1.0),
)
"""Each look coefficient with the eye (0 left), angle (0 yaw, 1 pitch) and sign it stands for."""

LOOK_INDICES: tuple[int, ...] = tuple(ARKIT_INDEX[name] for name, _, _, _ in LOOKS)


def fit_gaze(
    seen: Observation,
    photo: PhotoState,
    model: HeadModel,
    neutral: Float[Tensor, "verts 3"],
) -> Float[Tensor, "2 2"]:
    """Return yaw and pitch of the left, then the right eye (radians, as in `PhotoFit.gaze`).

    Both eyes look up or down together and nearly in parallel; models without eye joints look
    straight ahead.
    """
    if any(joint not in model.joint_names for joint in IRIS_CENTRES):
        return torch.zeros(2, 2, dtype=photo.expression.dtype)
    angles = torch.stack(
        [_eye_angles(seen, photo, model, neutral, joint) for joint in IRIS_CENTRES]
    )
    together = angles.mean(0)
    own = angles - together
    return together + own * own.new_tensor([VERGENCE, 0.0])


def look_coefficients(
    gaze: Float[Tensor, "2 2"], full_turns: Float[Tensor, "8"]
) -> Float[Tensor, "8"]:
    """Return the coefficients of `LOOKS` that turn the eyes by `gaze`.

    `full_turns` are the angles (radians) the model's eyes turn at coefficient 1.
    """
    wanted = torch.stack([sign * gaze[eye, angle] for _, eye, angle, sign in LOOKS])
    return (wanted / full_turns).clamp(0, 1)


def full_turns(model: HeadModel) -> Float[Tensor, "8"]:
    """Return by what angle each look shape turns its eyeball in the model, radians.

    Models whose shapes leave the eyeballs at rest get 30 degrees, about what people reach.
    """
    turns: list[float] = []
    names = [part.name for part in model.parts]
    for name, eye, angle, _ in LOOKS:
        part = ("eye_left", "eye_right")[eye]
        turn = 0.0
        if part in names:
            rows = model.part(part).faces.unique()
            rest = model.template[rows]
            moved = rest + model.expression_basis[ARKIT_INDEX[name], rows]
            rest, moved = rest - rest.mean(0), moved - moved.mean(0)
            u, _, vt = torch.linalg.svd(moved.T @ rest)
            forward = (u @ vt)[:, 2]
            turn = abs(float(torch.asin(forward[0 if angle == 0 else 1].clamp(-1, 1))))
        turns.append(turn if turn > 0.05 else math.radians(30))
    return torch.tensor(turns)


def _eye_angles(
    seen: Observation,
    photo: PhotoState,
    model: HeadModel,
    neutral: Float[Tensor, "verts 3"],
    joint: str,
) -> Float[Tensor, "2"]:
    """Intersect the ray through the iris with the sphere on which its centre moves."""
    dtype = photo.expression.dtype
    row = model.joint_regressor[model.joint_names.index(joint)]
    centre = (row @ neutral).to(dtype)
    rest = centre.new_tensor([0.0, 0.0, IRIS_PLANE])
    if model.landmarks478 is not None:
        corner = model.landmarks478.corners[IRIS_CENTRES[joint]]
        weight = model.landmarks478.barycentrics[IRIS_CENTRES[joint]]
        rest = ((neutral[corner] * weight[:, None]).sum(0)).to(dtype) - centre
    pixel = seen.landmarks[IRIS_CENTRES[joint]].to(dtype) - photo.centre
    ray = torch.cat([pixel / photo.focal, pixel.new_ones(1)])
    ray = ray / ray.norm()
    pose = photo.camera_from_head
    towards = pose.rotation @ centre + pose.translation
    along = towards @ ray
    beside = (towards - along * ray).norm()
    radius = rest.norm()
    inward = (radius * radius - beside * beside).clamp_min(0).sqrt()
    direction = pose.rotation.T @ ((along - inward) * ray - towards)
    yaw = torch.atan2(direction[0], direction[2]) - torch.atan2(rest[0], rest[2])
    pitch = torch.asin((-direction[1] / direction.norm()).clamp(-1, 1)) - torch.asin(
        (-rest[1] / radius).clamp(-1, 1)
    )
    return torch.stack([yaw, pitch]).clamp(-0.7, 0.7)
