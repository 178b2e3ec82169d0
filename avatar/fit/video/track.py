"""What a tracked video is: one person, one camera, and every frame's pose and expression."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.camera import Camera
from avatar.core.clip import Clip
from avatar.core.errors import ModelError
from avatar.core.transform import (
    Transform,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    rotation_vector_from_matrix,
)
from avatar.head.model import HeadModel

NECK_SHARE = 0.35
"""How much of the head's turn the neck does; the head joint does the rest."""


@dataclass(frozen=True, kw_only=True)
class Correctives:
    """Shapes (metres, head frame) that only this person makes, and how much of each in a frame."""

    shapes: Float[Tensor, "shapes verts 3"]
    weights: Float[Tensor, "frames shapes"]


@dataclass(frozen=True, kw_only=True)
class Track:
    """A face over time.

    `times` are seconds from the video's start, every frame's. Where `seen` is False the face was
    not there and the other rows mean nothing. `weights` are the 52 ARKit coefficients;
    `camera_from_head` each frame's pose (metres, OpenCV camera frame); `gaze` as in `PhotoFit`;
    `residuals` the mean landmark error as a fraction of the inter-iris distance; `shots` counts
    cuts. The neutral head is `model.vertices(identity)`; `correctives` are what the coefficients
    leave over, None where that was not asked for.
    """

    name: str
    model: HeadModel
    identity: Float[Tensor, " modes"]
    focal: float
    width: int
    height: int
    times: Float[Tensor, " frames"]
    seen: Bool[Tensor, " frames"]
    weights: Float[Tensor, "frames 52"]
    camera_from_head: Transform
    gaze: Float[Tensor, "frames 2 2"]
    residuals: Float[Tensor, " frames"]
    shots: Int[Tensor, " frames"]
    correctives: Correctives | None = None
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    def camera(self, frame: int) -> Camera:
        """Return a frame's pinhole camera with the head frame as its world."""
        x, y = (self.width - 1) / 2, (self.height - 1) / 2
        pose = self.camera_from_head
        return Camera(
            intrinsics=torch.tensor([[self.focal, 0, x], [0, self.focal, y], [0, 0, 1.0]]),
            camera_from_world=Transform(
                rotation=pose.rotation[frame].float(), translation=pose.translation[frame].float()
            ),
            width=self.width,
            height=self.height,
        )

    def corrective(self, frame: int) -> Float[Tensor, "verts 3"]:
        """Return by how much a frame's head differs from what the coefficients say, metres."""
        if self.correctives is None:
            return torch.zeros_like(self.model.template)
        return torch.tensordot(self.correctives.weights[frame], self.correctives.shapes, dims=1)

    def landmarks(self, rows: Int[Tensor, " rows"]) -> Float[Tensor, "rows 478 3"]:
        """Return the mesh's own 478 points in some frames, metres in the head frame.

        Raises:
            ModelError: the model has no measured landmarks.
        """
        glued = self.model.landmarks478
        if glued is None:
            raise ModelError(f"model {self.model.name}: expected measured landmarks478, got none")
        neutral = glued.on(self.model.vertices(self.identity))
        moves = glued.on(self.model.expression_basis)
        points = neutral + torch.tensordot(self.weights[rows], moves, dims=1)
        if self.correctives is None:
            return points
        own = glued.on(self.correctives.shapes)
        return points + torch.tensordot(self.correctives.weights[rows], own, dims=1)

    def landmarks_in_pixels(self, rows: Int[Tensor, " rows"]) -> Float[Tensor, "rows 478 2"]:
        """Return where the mesh's own 478 points are in some frames' pictures."""
        pose = self.camera_from_head
        rotation, translation = pose.rotation[rows].float(), pose.translation[rows].float()
        in_camera = Transform(rotation=rotation, translation=translation).apply(
            self.landmarks(rows)
        )
        middle = in_camera.new_tensor([(self.width - 1) / 2, (self.height - 1) / 2])
        return in_camera[..., :2] / in_camera[..., 2:] * self.focal + middle

    def head_turns(self) -> Float[Tensor, "frames 3 3"]:
        """Return the head's rotations in its own frame; none where it faces the camera.

        Facing is meant along the line from the camera to where the head mostly is: a face high in
        the picture that looks into the camera is not looking down.
        """
        places = self.camera_from_head.translation[self.seen].float()
        return turns_of_head(self.camera_from_head.rotation.float(), places.median(0).values)

    def clip(self, joint_names: tuple[str, ...] = ("neck", "head")) -> Clip:
        """Return the performance; frames without a face have no keys.

        The head's turn is shared by those of the joints `neck` and `head` that are named; eyes are
        turned by the look coefficients.
        """
        rows = self.seen.nonzero()[:, 0]
        names, turns = shared_turns(self.head_turns()[rows], joint_names)
        return Clip(
            times=self.times[rows].float(),
            weights=self.weights[rows].float(),
            joint_names=names,
            joint_rotations=turns,
            name=self.name,
        )


def turns_of_head(
    rotations: Float[Tensor, "frames 3 3"], place: Float[Tensor, "3"]
) -> Float[Tensor, "frames 3 3"]:
    """Return rotations in the head's own frame, none where it faces the camera.

    `rotations` are those of camera-from-head, `place` where the head mostly is, in the camera.
    """
    ray = torch.nn.functional.normalize(place, dim=0)
    right = torch.nn.functional.normalize(
        torch.linalg.cross(ray.new_tensor([0.0, 1.0, 0.0]), ray), dim=0
    )
    view_from_camera = torch.stack([right, torch.linalg.cross(ray, right), ray])
    return torch.diag(ray.new_tensor([1.0, -1.0, -1.0])) @ view_from_camera @ rotations


def shared_turns(
    turns: Float[Tensor, "frames 3 3"], joint_names: tuple[str, ...] = ("neck", "head")
) -> tuple[tuple[str, ...], Float[Tensor, "frames joints 4"] | None]:
    """Return those of the joints that share a head's turn, and the quaternion of each."""
    turn = rotation_vector_from_matrix(turns)
    shares = {"neck": NECK_SHARE, "head": 1 - NECK_SHARE}
    names = tuple(name for name in joint_names if name in shares)
    total = sum(shares[name] for name in names)
    each = [
        quaternion_from_matrix(matrix_from_rotation_vector(turn * (shares[name] / total)))
        for name in names
    ]
    return names, torch.stack(each, 1) if names else None


EXPRESSION_GROUPS: dict[str, tuple[int, ...]] = {
    group: tuple(i for i, name in enumerate(ARKIT_NAMES) if name.startswith(starts))
    for group, starts in {
        "lids": ("eyeBlink", "eyeSquint", "eyeWide"),
        "looks": ("eyeLook",),
        "mouth": ("jaw", "mouth", "tongue"),
        "face": ("brow", "cheek", "nose"),
    }.items()
}
"""Coefficients that move together, as indices into `ARKIT_NAMES`."""
