"""Put GNM Head's arrays into the form every head model has."""

import torch
from jaxtyping import Int
from torch import Tensor

from avatar.head.frontal_landmarks import frontal_landmarks
from avatar.head.gnm.layout import lay_out
from avatar.head.gnm.source import GnmSource
from avatar.head.imported.eyes_apart import check_eyes
from avatar.head.imported.joint_rows import rows_through
from avatar.head.imported.joint_shapes import SkinnedJoint, gaze_shapes
from avatar.head.imported.shape_annotate import annotated_by_shape
from avatar.head.model import HeadModel

LICENCE = "Apache-2.0 (GNM Head by Google)"
SOURCE = (
    "GNM Head 3 by Google, given by the user; gaze shapes are made with its joints, it has no "
    "other ARKit shapes; landmarks and the regions its file does not name are estimated"
)


def build_gnm(source: GnmSource) -> HeadModel:
    """Return GNM Head as a head model, float32.

    Identity modes are the file's own, largest first. Of the ARKit shapes only the looks exist
    (`HeadModel.missing_expressions` names the others): there is no jaw joint, and the file's
    expression modes carry no meaning by name. Regions are the file's vertex groups; other regions
    and the landmarks are carried over from the default head by shape.

    Raises:
        ModelError: the eyes are not where a head in metres that looks along +Z has them.
    """
    left, right = (source.joint_names.index(name) for name in ("eye_left", "eye_right"))
    eyes = source.joints[[left, right]]
    check_eyes(eyes, what="GNM")
    origin = eyes.mean(0)
    template, joints = source.template - origin, source.joints - origin
    parts, uvs = lay_out(source, eyes)
    skin = parts[0].faces
    deviations = source.identity.flatten(1).norm(dim=1)
    order = deviations.argsort(descending=True, stable=True)
    model = HeadModel(
        name="gnm",
        licence=LICENCE,
        source=SOURCE,
        template=template.float(),
        identity_basis=source.identity[order].float(),
        identity_deviations=deviations[order].float(),
        identity_variance_kept=1.0,
        expression_basis=gaze_shapes(_joint(source, left), _joint(source, right)).float(),
        uvs=uvs.float(),
        parts=parts,
        joint_names=source.joint_names,
        parents=source.parents,
        joint_regressor=rows_through(source.joint_regressor, template, joints).float(),
        skin_weights=source.skin_weights.float(),
        regions=(),
        landmarks68=frontal_landmarks(template.float(), skin),
        landmarks478=None,
        mirror=_mirror(source),
    )
    return annotated_by_shape(model, known=source.groups)


def _joint(source: GnmSource, index: int) -> SkinnedJoint:
    return SkinnedJoint(
        template=source.template,
        centre=source.joints[index],
        weights=source.skin_weights[:, index],
        correctives=source.pose_correctives[index],
    )


def _mirror(source: GnmSource) -> Int[Tensor, " verts"] | None:
    """Return the file's table if every vertex is its counterpart's counterpart."""
    there_and_back = source.mirror[source.mirror]
    own = torch.arange(len(source.mirror))
    return source.mirror if torch.equal(there_and_back, own) else None
