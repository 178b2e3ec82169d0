"""Put FLAME's arrays into the form every head model has."""

from avatar.head.flame.layout import lay_out
from avatar.head.flame.shapes import joint_shapes
from avatar.head.flame.source import JOINT_NAMES, PARENTS, FlameSource
from avatar.head.frontal_landmarks import frontal_landmarks
from avatar.head.imported.eyes_apart import check_eyes
from avatar.head.imported.joint_rows import rows_through
from avatar.head.imported.shape_annotate import annotated_by_shape
from avatar.head.model import HeadModel

LICENCE = "CC-BY-4.0 (FLAME 2023 Open)"
SOURCE = (
    "FLAME 2023 Open by the Max Planck Institute for Intelligent Systems (Li, Bolkart, Black, Li "
    "and Romero 2017), given by the user; jaw and gaze shapes are made with its joints, it has no "
    "other ARKit shapes; texture layout, regions and landmarks are estimated"
)
_EYES = slice(3, 5)


def build_flame(source: FlameSource) -> HeadModel:
    """Return FLAME as a head model, float32.

    Identity modes are the file's own, largest first. Of the ARKit shapes only those of the jaw and
    the gaze exist (`HeadModel.missing_expressions` names the others); the file's expression modes
    are not used. Regions and landmarks are carried over from the default head by shape.

    Raises:
        ModelError: the eyes are not where a head in metres that looks along +Z has them.
    """
    joints = source.joint_regressor @ source.template
    check_eyes(joints[_EYES], what="FLAME")
    origin = joints[_EYES].mean(0)
    template = source.template - origin
    layout = lay_out(template, source.faces, joints[_EYES] - origin)
    skin = layout.parts[0].faces
    deviations = source.identity.flatten(1).norm(dim=1)
    order = deviations.argsort(descending=True, stable=True)
    model = HeadModel(
        name="flame",
        licence=LICENCE,
        source=SOURCE,
        template=template.float(),
        identity_basis=source.identity[order].float(),
        identity_deviations=deviations[order].float(),
        identity_variance_kept=1.0,
        expression_basis=joint_shapes(source, joints).float(),
        uvs=layout.uvs.float(),
        parts=layout.parts,
        joint_names=JOINT_NAMES,
        parents=PARENTS,
        joint_regressor=rows_through(source.joint_regressor, template, joints - origin).float(),
        skin_weights=source.skin_weights.float(),
        regions=(),
        landmarks68=frontal_landmarks(template.float(), skin),
        landmarks478=None,
    )
    return annotated_by_shape(model, known={})
