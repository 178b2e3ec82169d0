"""Blendshapes made by turning joints: a model's own skinning baked into displacements."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.head.parts.gaze import LOOK_DOWN, LOOK_IN, LOOK_OUT, LOOK_UP, turned


@dataclass(frozen=True, kw_only=True)
class SkinnedJoint:
    """A joint without others below it, and how the template follows it.

    `correctives` are displacements per entry of its rotation matrix minus the identity, row by row.
    """

    template: Float[Tensor, "verts 3"]
    centre: Float[Tensor, "3"]
    weights: Float[Tensor, " verts"]
    correctives: Float[Tensor, "9 verts 3"]

    def turned(self, rotation: Float[Tensor, "3 3"]) -> Float[Tensor, "verts 3"]:
        """Return the displacements of turning the joint: correctives first, then skinning."""
        change = (rotation - torch.eye(3).to(rotation)).flatten()
        corrective = torch.tensordot(change, self.correctives, dims=1)
        start = self.template + corrective
        moved = (start - self.centre) @ rotation.T + self.centre
        return corrective + self.weights[:, None] * (moved - start)


def gaze_shapes(left: SkinnedJoint, right: SkinnedJoint) -> Float[Tensor, "52 verts 3"]:
    """Return the eight looks of ARKit as the eyes' joints make them; the other shapes are zero.

    They turn the eyes by the default model's angles. What follows the eyes in the model, such as
    lids, follows here.
    """
    shapes = left.template.new_zeros(len(ARKIT_NAMES), len(left.template), 3)
    for eye, side, outwards in ((left, "Left", 1.0), (right, "Right", -1.0)):
        looks = {
            "In": (-outwards * LOOK_IN, 0.0),
            "Out": (outwards * LOOK_OUT, 0.0),
            "Up": (0.0, LOOK_UP),
            "Down": (0.0, -LOOK_DOWN),
        }
        axes = torch.eye(3).to(shapes)
        for direction, (yaw, pitch) in looks.items():
            rotation = turned(axes, axes.new_zeros(3), yaw=yaw, pitch=pitch).T
            shapes[ARKIT_INDEX[f"eyeLook{direction}{side}"]] = eye.turned(rotation)
    return shapes
