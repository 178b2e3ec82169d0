"""A small skeleton for ICT-FaceKit, which comes without joints or skinning weights."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.mesh import MeshPart
from avatar.head.ict.topology import PARTS
from avatar.head.imported.combination import combination_for
from avatar.head.imported.sphere import sphere_centre

JOINT_NAMES = ("root", "neck", "head", "eye_left", "eye_right")
PARENTS = (-1, 0, 1, 2, 2)

# Metres in the head frame: where a neck of this model's size bends.
_POSITIONS = {
    "root": (0.0, -0.215, -0.095),
    "neck": (0.0, -0.150, -0.110),
    "head": (0.0, -0.055, -0.080),
}
# Heights, measured along a line that leans forward with the neck, between which weights blend.
_LEAN = 0.35
_HEAD_FROM, _HEAD_TO = -0.180, -0.110
_ROOT_FROM, _ROOT_TO = -0.210, -0.270


def joint_regressor(
    template: Float[Tensor, "verts 3"], parts: tuple[MeshPart, ...]
) -> Float[Tensor, "joints verts"]:
    """Return joints as combinations of vertices: eyes of their ball, the others of the neck."""
    regressor = torch.zeros(len(JOINT_NAMES), len(template), dtype=template.dtype)
    vertices = {part.name: part.faces.unique() for part in parts}
    skin = vertices["skin"]
    for joint, name in enumerate(JOINT_NAMES):
        if name in vertices:
            own = vertices[name]
            target = sphere_centre(template[own])
        else:
            target = template.new_tensor(_POSITIONS[name])
            near = (template[skin, 1] - target[1]).abs() < 0.02
            own = skin[near & (template[skin, :1].abs() < 0.09)[:, 0]]
        regressor[joint, own] = combination_for(template[own], target)
    return regressor


def skin_weights(
    template: Float[Tensor, "verts 3"], parts: tuple[MeshPart, ...]
) -> Float[Tensor, "verts joints"]:
    """Return weights of root, neck and head that blend along the neck; parts hang on one joint."""
    height = template[:, 1] + _LEAN * template[:, 2]
    head = _step(height, _HEAD_FROM, _HEAD_TO)
    root = _step(height, _ROOT_FROM, _ROOT_TO)
    weights = torch.zeros(len(template), len(JOINT_NAMES), dtype=template.dtype)
    weights[:, 0], weights[:, 2] = root, head
    weights[:, 1] = 1 - root - head
    vertices = {part.name: part.faces.unique() for part in parts}
    for part in PARTS:
        weights[vertices[part.name]] = torch.nn.functional.one_hot(
            torch.tensor(JOINT_NAMES.index(part.joint)), len(JOINT_NAMES)
        ).to(weights)
    return weights


def _step(values: Float[Tensor, " verts"], low: float, high: float) -> Float[Tensor, " verts"]:
    ramp = ((values - low) / (high - low)).clamp(0, 1)
    return ramp * ramp * (3 - 2 * ramp)
