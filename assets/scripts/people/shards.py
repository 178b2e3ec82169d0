"""The shards that `make_people.py` wrote, as the regressor sees them."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from avatar.capture.mesh import crop_around
from avatar.capture.topology import MIRRORED
from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES, mirrored_name
from avatar.core.transform import Transform
from avatar.fit.face_frame import place_of, points_in_crop
from avatar.head.model import HeadModel

MIRRORED_LIGHT = (1, -1, 1, 1, -1, 1, 1, -1, 1)
"""Signs of the nine harmonics of the mirror image."""

MIRRORED_PLACE = (1, 1, -1, 1, 1, -1, -1, -1, 1, 1)
"""Signs of a place's numbers in the mirror image."""


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Inputs and targets, a row a picture; rows 2n and 2n + 1 show one person.

    `turned` is the cosine between the face and the way to the camera.
    """

    points: Tensor
    features: Tensor
    identity: Tensor
    expression: Tensor
    place: Tensor
    light: Tensor
    family: Tensor
    covered: Tensor
    melanin: Tensor
    turned: Tensor
    presence: Tensor

    def rows(self, chosen: Tensor | slice) -> "Faces":
        """Return some of the rows."""
        return Faces(**{name: value[chosen] for name, value in self.__dict__.items()})


def read_faces(paths: list[Path], signs: Tensor) -> tuple[Faces, Faces]:
    """Return the faces of some shards, and their mirror images (`signs` as `mirror_signs`)."""
    tables = [load_file(path) for path in paths]
    names = tables[0].keys() - {"jpeg_ends"}
    table = {name: torch.cat([own[name] for own in tables]) for name in names}
    points: list[Tensor] = []
    places: list[Tensor] = []
    for row, seen in enumerate(table["points"]):
        crop = crop_around(seen)
        points.append(points_in_crop(seen, crop))
        pose = Transform(rotation=table["rotation"][row], translation=table["translation"][row])
        places.append(place_of(pose, table["intrinsics"][row], crop))
    place = torch.stack(places)
    faces = Faces(
        points=torch.stack(points).flatten(1),
        features=table["features"][:, 0].float(),
        identity=table["identity"],
        expression=table["expression"],
        place=place,
        light=table["light"].flatten(1),
        family=table["family"],
        covered=table["covered"],
        melanin=table["melanin"],
        turned=-place[:, 9],
        presence=table["presence"],
    )
    return faces, _mirrored(faces, table["features"][:, 1].float(), signs)


def mirror_signs(model: HeadModel) -> Tensor:
    """Return 1 for identity modes that are symmetric, -1 for those that are antisymmetric."""
    if model.mirror is None:
        raise AssertionError("the default head is symmetric")
    own = model.part("skin").faces.unique()
    image = model.identity_basis[:, model.mirror[own]] * torch.tensor([-1.0, 1.0, 1.0])
    return (model.identity_basis[:, own] * image).sum((1, 2)).sign()


def _mirrored(faces: Faces, features: Tensor, signs: Tensor) -> Faces:
    points = faces.points.unflatten(1, (478, 3))[:, list(MIRRORED)]
    others = [ARKIT_INDEX[mirrored_name(name)] for name in ARKIT_NAMES]
    light = faces.light.unflatten(1, (9, 3)) * torch.tensor(MIRRORED_LIGHT).float()[:, None]
    table = faces.__dict__ | {
        "points": (points * torch.tensor([-1.0, 1.0, 1.0])).flatten(1),
        "features": features,
        "identity": faces.identity * signs,
        "expression": faces.expression[:, others],
        "place": faces.place * torch.tensor(MIRRORED_PLACE).float(),
        "light": light.flatten(1),
    }
    return Faces(**table)
