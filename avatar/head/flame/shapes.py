"""The ARKit shapes that FLAME's joints can make: the jaw's and the eyes'.

FLAME has a jaw and two eyeballs that turn, and 100 expression modes without names. The modes do
not stand for ARKit's shapes, so those are left at zero rather than guessed.
"""

import math

from jaxtyping import Float
from torch import Tensor

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.transform import matrix_from_rotation_vector
from avatar.head.flame.source import JOINT_NAMES, FlameSource
from avatar.head.imported.joint_shapes import SkinnedJoint, gaze_shapes

# The jaw at weight one: its hinge opens by a good 40 mm at the incisors, people's sideways and
# forward reach is about 8 and 6 mm.
JAW_OPEN = math.radians(25)
JAW_ASIDE = math.radians(5)
JAW_FORWARD = 0.006


def joint_shapes(source: FlameSource, joints: Float[Tensor, "5 3"]) -> Float[Tensor, "52 verts 3"]:
    """Return ARKit displacements made with the joints; the shapes that need others are zero.

    The jaw's rotations are taken at weight one with the model's own skinning and pose correctives;
    in between, points move on straight lines instead of arcs. `joints` are those of the template.
    """

    def joint(name: str) -> SkinnedJoint:
        index = JOINT_NAMES.index(name)
        return SkinnedJoint(
            template=source.template,
            centre=joints[index],
            weights=source.skin_weights[:, index],
            correctives=source.pose_correctives[index - 1],
        )

    shapes = gaze_shapes(joint("eye_left"), joint("eye_right"))
    jaw = joint("jaw")
    turns = {
        "jawOpen": (JAW_OPEN, 0.0, 0.0),
        "jawLeft": (0.0, JAW_ASIDE, 0.0),
        "jawRight": (0.0, -JAW_ASIDE, 0.0),
    }
    for name, turn in turns.items():
        rotation = matrix_from_rotation_vector(shapes.new_tensor(turn))
        shapes[ARKIT_INDEX[name]] = jaw.turned(rotation)
    shapes[ARKIT_INDEX["jawForward"], :, 2] = JAW_FORWARD * jaw.weights
    return shapes
