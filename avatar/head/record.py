"""Head models as flat named tensors and texts, the form they are cached in."""

import json
from dataclasses import fields

import torch
from torch import Tensor

from avatar.core.errors import ModelError
from avatar.core.mesh import MeshPart, SurfacePoints
from avatar.files.cache import TensorRecord
from avatar.head.model import HeadModel, Region

_ARRAYS = (
    "template",
    "identity_basis",
    "identity_deviations",
    "expression_basis",
    "uvs",
    "joint_regressor",
    "skin_weights",
)
_TEXTS = ("name", "licence", "source")


def record_of(model: HeadModel) -> TensorRecord:
    """Return everything of a head model as tensors and texts."""
    tensors: dict[str, Tensor] = {name: getattr(model, name) for name in _ARRAYS}
    tensors["regions"] = torch.stack([region.vertices for region in model.regions])
    for part in model.parts:
        tensors[f"parts/{part.name}/faces"] = part.faces
        tensors[f"parts/{part.name}/uv_faces"] = part.uv_faces
    for field in ("landmarks68", "landmarks478"):
        points = getattr(model, field)
        if points is not None:
            tensors[f"{field}/corners"] = points.corners
            tensors[f"{field}/barycentrics"] = points.barycentrics
    if model.mirror is not None:
        tensors["mirror"] = model.mirror
    structure = {
        "variance_kept": model.identity_variance_kept,
        "parts": [[part.name, part.material] for part in model.parts],
        "regions": [region.name for region in model.regions],
        "joint_names": model.joint_names,
        "parents": model.parents,
    }
    texts = {name: str(getattr(model, name)) for name in _TEXTS}
    return TensorRecord(tensors=tensors, texts={**texts, "structure": json.dumps(structure)})


def model_of(record: TensorRecord) -> HeadModel:
    """Return the head model of a record made by `record_of`; ModelError if it is another's."""
    try:
        return _model_of(record)
    except (KeyError, ValueError) as error:
        known = [field.name for field in fields(HeadModel)]
        raise ModelError(f"record: expected a head model's fields {known}: {error}") from error


def _model_of(record: TensorRecord) -> HeadModel:
    tensors, texts = record.tensors, record.texts
    structure = json.loads(texts["structure"])

    def points(field: str) -> SurfacePoints | None:
        if f"{field}/corners" not in tensors:
            return None
        return SurfacePoints(
            corners=tensors[f"{field}/corners"], barycentrics=tensors[f"{field}/barycentrics"]
        )

    landmarks68 = points("landmarks68")
    if landmarks68 is None:
        raise KeyError("landmarks68")
    return HeadModel(
        name=texts["name"],
        licence=texts["licence"],
        source=texts["source"],
        template=tensors["template"],
        identity_basis=tensors["identity_basis"],
        identity_deviations=tensors["identity_deviations"],
        identity_variance_kept=structure["variance_kept"],
        expression_basis=tensors["expression_basis"],
        uvs=tensors["uvs"],
        parts=tuple(
            MeshPart(
                name=name,
                material=material,
                faces=tensors[f"parts/{name}/faces"],
                uv_faces=tensors[f"parts/{name}/uv_faces"],
            )
            for name, material in structure["parts"]
        ),
        joint_names=tuple(structure["joint_names"]),
        parents=tuple(structure["parents"]),
        joint_regressor=tensors["joint_regressor"],
        skin_weights=tensors["skin_weights"],
        regions=tuple(
            Region(name=name, vertices=mask)
            for name, mask in zip(structure["regions"], tensors["regions"], strict=True)
        ),
        landmarks68=landmarks68,
        landmarks478=points("landmarks478"),
        mirror=tensors.get("mirror"),
    )
