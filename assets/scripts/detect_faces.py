"""What the landmark network says of synthetic faces, kept with the truth for measuring it."""

from dataclasses import dataclass
from pathlib import Path

import torch
from synthetic_faces import Ranges, SyntheticFace, SyntheticFaces
from torch import Tensor

from avatar.capture.crop import Pyramid
from avatar.capture.mesh import crop_around, trace_mesh
from avatar.capture.networks import face_networks
from avatar.head.model import HeadModel


@dataclass(frozen=True, kw_only=True)
class Detections:
    """One row per face: truth (identity, expression, pose, intrinsics), the network's points."""

    identity: Tensor
    expression: Tensor
    rotation: Tensor
    translation: Tensor
    intrinsics: Tensor
    points: Tensor
    presence: Tensor

    def save(self, path: Path) -> None:
        """Write all arrays to one file."""
        torch.save(self.__dict__, path)

    @staticmethod
    def load(*paths: Path) -> "Detections":
        """Read files written by `save` and join them."""
        tables = [torch.load(path) for path in paths]
        return Detections(**{key: torch.cat([t[key] for t in tables]) for key in tables[0]})


def detect(face: SyntheticFace, model: HeadModel) -> tuple[Tensor, float]:
    """Return the network's 478 points (x, y, depth; pixels) and the presence, mirror-averaged."""
    networks = face_networks(face.pixels.device)
    pyramid = Pyramid(face.pixels)
    around = face.vertices[model.region("face")]
    flat, _ = face.camera.project(around)
    rows = torch.zeros(478, 3)
    rows[:, :2] = flat[torch.linspace(0, len(flat) - 1, 478).long()]
    # Points 33 and 263 are the outer eye corners, from which the crop takes its angle.
    eyes, _ = face.camera.project(torch.tensor([[-0.045, 0.0, -0.01], [0.045, 0.0, -0.01]]))
    rows[33, :2], rows[263, :2] = eyes[0], eyes[1]
    points = rows
    with torch.inference_mode():
        for crops in (1, 2):
            crop = crop_around(points)
            seen = trace_mesh(pyramid, networks, [crop] * crops, [False, True][:crops])
            points = seen.points.mean(0)
    return points.clone(), float(seen.presence.min())


def detect_many(
    model: HeadModel, count: int, seed: int, ranges: Ranges | None = None
) -> Detections:
    """Draw faces and look at them."""
    faces = SyntheticFaces(model, torch.Generator().manual_seed(seed))
    rows: list[tuple[Tensor, ...]] = []
    for _ in range(count):
        face = faces.draw(ranges or Ranges())
        points, presence = detect(face, model)
        pose = face.camera.camera_from_world
        truth = (face.identity, face.expression, pose.rotation, pose.translation)
        rows.append((*truth, face.camera.intrinsics, points, torch.tensor(presence)))
    columns = [torch.stack(column) for column in zip(*rows, strict=True)]
    names = (
        "identity",
        "expression",
        "rotation",
        "translation",
        "intrinsics",
        "points",
        "presence",
    )
    return Detections(**dict(zip(names, columns, strict=True)))
