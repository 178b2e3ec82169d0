"""Where the eyes look: the eyeball's turn that puts the iris where it was seen."""

import math
from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class EyesAtRest:
    """The left, then the right eyeball's centre, and its iris's from there; metres, head frame."""

    centres: Float[Tensor, "2 3"]
    irises: Float[Tensor, "2 3"]


def eyes_at_rest(model: HeadModel, neutral: Float[Tensor, "verts 3"]) -> EyesAtRest | None:
    """Return a head's eyes, None for models without eye joints."""
    if any(joint not in model.joint_names for joint in IRIS_CENTRES):
        return None
    centres: list[Tensor] = []
    irises: list[Tensor] = []
    for joint, landmark in IRIS_CENTRES.items():
        centre = (model.joint_regressor[model.joint_names.index(joint)] @ neutral).double()
        iris = centre.new_tensor([0.0, 0.0, IRIS_PLANE])
        if model.landmarks478 is not None:
            corner = model.landmarks478.corners[landmark]
            weight = model.landmarks478.barycentrics[landmark]
            iris = (neutral[corner] * weight[:, None]).sum(0).double() - centre
        centres.append(centre)
        irises.append(iris)
    return EyesAtRest(centres=torch.stack(centres), irises=torch.stack(irises))


def fit_gaze(seen: Observation, photo: PhotoState, eyes: EyesAtRest | None) -> Float[Tensor, "2 2"]:
    """Return yaw and pitch of the left, then the right eye (radians, as in `PhotoFit.gaze`).

    Both eyes look up or down together and nearly in parallel; without eyes, straight ahead.
    """
    if eyes is None:
        return torch.zeros(2, 2, dtype=photo.expression.dtype)
    angles = _eye_angles(seen, photo, eyes)
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


def _eye_angles(seen: Observation, photo: PhotoState, eyes: EyesAtRest) -> Float[Tensor, "2 2"]:
    """Intersect the rays through the irises with the spheres on which their centres move."""
    dtype = photo.expression.dtype
    centres, rest = eyes.centres.to(dtype), eyes.irises.to(dtype)
    pixels = seen.landmarks[list(IRIS_CENTRES.values())].to(dtype) - photo.centre
    rays = torch.cat([pixels / photo.focal, pixels.new_ones(2, 1)], 1)
    rays = rays / rays.norm(dim=1, keepdim=True)
    pose = photo.camera_from_head
    towards = pose.apply(centres)
    along = (towards * rays).sum(1)
    beside = (towards - along[:, None] * rays).norm(dim=1)
    radius = rest.norm(dim=1)
    inward = (radius * radius - beside * beside).clamp_min(0).sqrt()
    direction = ((along - inward)[:, None] * rays - towards) @ pose.rotation
    yaw = torch.atan2(direction[:, 0], direction[:, 2]) - torch.atan2(rest[:, 0], rest[:, 2])
    length = direction.norm(dim=1)
    pitch = torch.asin((-direction[:, 1] / length).clamp(-1, 1)) - torch.asin(
        (-rest[:, 1] / radius).clamp(-1, 1)
    )
    return torch.stack([yaw, pitch], 1).clamp(-0.7, 0.7)
