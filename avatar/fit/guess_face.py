"""A first guess of everything about a face, in milliseconds, and how far it may be trusted."""

from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from avatar.capture.crop import Pyramid
from avatar.capture.face_features import face_features
from avatar.capture.mesh import crop_around
from avatar.capture.observation import Observation
from avatar.capture.topology import MIRRORED
from avatar.core.transform import Transform
from avatar.files.assets import asset
from avatar.fit.face_frame import points_in_crop, pose_of
from avatar.fit.face_network import FaceNetwork, RawGuess
from avatar.head.model import HeadModel

WEIGHTS = "face_guess.safetensors"

CHECKED = 64
"""Vertices at which a head model is compared with the one the network was trained for."""

MIRROR = (-1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class FaceGuess:
    """What the network thinks of one face.

    `identity` are the head model's coefficients and `covariance` how far they may be off;
    `expression` the ARKit coefficients; `focal` is in pixels, of the pose's distance; `light` the
    harmonics as the picture shows them on the albedo (`avatar.core.harmonics`).
    """

    identity: Float[Tensor, "160"]
    covariance: Float[Tensor, "160 160"]
    expression: Float[Tensor, "52"]
    camera_from_head: Transform
    focal: float
    light: Float[Tensor, "9 3"]

    @property
    def deviations(self) -> Float[Tensor, "160"]:
        """The standard deviation of each identity coefficient."""
        return self.covariance.diagonal().sqrt()


@dataclass(frozen=True, kw_only=True)
class Guesser:
    """The trained network, and what its errors look like.

    `correlation` is the covariance of identity errors that were divided by their deviations;
    `signs` are -1 for the modes that the mirror image turns round; `check` as `basis_check`.
    """

    network: FaceNetwork
    correlation: Float[Tensor, "160 160"]
    signs: Float[Tensor, "160"]
    check: Float[Tensor, "160 64 3"]


def guess_face(seen: Observation, guesser: Guesser | None = None) -> FaceGuess:
    """Return what one picture of a face says, without any fitting; some 20 ms.

    Raises:
        ModelError: the weights are not packaged.
    """
    guesser = guesser or load_guesser()
    points = torch.cat([seen.landmarks, seen.landmark_depths[:, None]], 1)
    crop = crop_around(points)
    features = face_features(Pyramid(seen.photo.pixels), crop)
    own = points_in_crop(points, crop)
    image = own[list(MIRRORED)] * own.new_tensor(MIRROR)
    network = guesser.network
    with torch.no_grad():
        inputs = network.reduced(torch.stack([own, image]).flatten(1), features)
        raw: RawGuess = network(inputs)
    both = torch.stack([torch.ones_like(guesser.signs), guesser.signs])
    deviations = raw.log_deviations.mean(0).exp()
    centre = own.new_tensor([(seen.photo.width - 1) / 2, (seen.photo.height - 1) / 2])
    pose, focal = pose_of(raw.place[0], crop, centre)
    return FaceGuess(
        identity=(raw.identity * both).mean(0),
        covariance=deviations[:, None] * guesser.correlation * deviations,
        expression=raw.expression[0].clamp(0, 1),
        camera_from_head=pose,
        focal=focal,
        light=raw.light[0].unflatten(0, (9, 3)),
    )


def basis_check(model: HeadModel) -> Float[Tensor, "160 64 3"]:
    """Return some of a model's identity basis, by which it is known again."""
    rows = torch.linspace(0, len(model.template) - 1, CHECKED).long()
    return model.identity_basis[:, rows]


def knows(guesser: Guesser, model: HeadModel) -> bool:
    """Return whether the network's coefficients are this model's."""
    own = basis_check(model)
    same_size = own.shape == guesser.check.shape
    return same_size and bool((own - guesser.check).abs().max() < 1e-4)


@cache
def load_guesser() -> Guesser:
    """Return the packaged network.

    Raises:
        ModelError: it is not packaged.
    """
    table = {name: value.float() for name, value in load_file(asset(WEIGHTS)).items()}
    correlation, signs = table.pop("correlation"), table.pop("mirror_signs")
    check = table.pop("basis_check")
    network = FaceNetwork()
    network.load_state_dict(table)
    return Guesser(network=network.eval(), correlation=correlation, signs=signs, check=check)
