"""Rigid transforms and rotations. Quaternions are (x, y, z, w), as glTF stores them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Transform:
    """A rigid transform `x -> rotation @ x + translation`, named `target_from_source`."""

    rotation: Float[Tensor, "*batch 3 3"]
    translation: Float[Tensor, "*batch 3"]

    @staticmethod
    def identity(like: Tensor | None = None) -> "Transform":
        """Return the transform that moves nothing, with the device and dtype of `like`."""
        like = torch.zeros(1) if like is None else like
        return Transform(
            rotation=torch.eye(3, device=like.device, dtype=like.dtype),
            translation=torch.zeros(3, device=like.device, dtype=like.dtype),
        )

    def apply(self, points: Float[Tensor, "*batch points 3"]) -> Float[Tensor, "*batch points 3"]:
        """Move points from the source frame into the target frame."""
        return points @ self.rotation.transpose(-1, -2) + self.translation[..., None, :]

    def inverse(self) -> "Transform":
        """Return `source_from_target`."""
        rotation = self.rotation.transpose(-1, -2)
        return Transform(
            rotation=rotation,
            translation=-(rotation @ self.translation[..., None])[..., 0],
        )

    def __matmul__(self, other: "Transform") -> "Transform":
        """Compose: `(a_from_b @ b_from_c)` is `a_from_c`."""
        return Transform(
            rotation=self.rotation @ other.rotation,
            translation=(self.rotation @ other.translation[..., None])[..., 0] + self.translation,
        )


def skew(vector: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Return the matrix that multiplies like the cross product: `skew(a) @ b == a x b`."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    rows = [zero, -z, y, z, zero, -x, -y, x, zero]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def matrix_from_rotation_vector(
    rotation_vector: Float[Tensor, "*batch 3"],
) -> Float[Tensor, "*batch 3 3"]:
    """Return the rotation about `rotation_vector` by its length in radians (Rodrigues' formula).

    Smooth, with exact gradients, at the zero vector too.
    """
    squared = (rotation_vector * rotation_vector).sum(-1)[..., None, None]
    small = squared < 1e-8
    safe = torch.where(small, torch.ones_like(squared), squared)
    angle = safe.sqrt()
    sine = torch.where(small, 1 - squared / 6, angle.sin() / angle)
    cosine = torch.where(small, 0.5 - squared / 24, (1 - angle.cos()) / safe)
    cross = skew(rotation_vector)
    identity = torch.eye(3, device=rotation_vector.device, dtype=rotation_vector.dtype)
    return identity + sine * cross + cosine * (cross @ cross)


def rotation_vector_from_matrix(
    rotation: Float[Tensor, "*batch 3 3"],
) -> Float[Tensor, "*batch 3"]:
    """Return the axis times angle (radians, at most pi) of a rotation; the inverse of the above."""
    quaternion = quaternion_from_matrix(rotation)
    imaginary, real = quaternion[..., :3], quaternion[..., 3:]
    sine = imaginary.norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2(sine, real)
    scale = torch.where(sine < 1e-7, torch.full_like(sine, 2.0), angle / sine.clamp_min(1e-12))
    return imaginary * scale


def matrix_from_quaternion(quaternion: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 3 3"]:
    """Return the rotation of an (x, y, z, w) quaternion, which need not be of unit length."""
    x, y, z, w = (quaternion / quaternion.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z),
        2 * (x * y - z * w),
        2 * (x * z + y * w),
        2 * (x * y + z * w),
        1 - 2 * (x * x + z * z),
        2 * (y * z - x * w),
        2 * (x * z - y * w),
        2 * (y * z + x * w),
        1 - 2 * (x * x + y * y),
    ]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def quaternion_from_matrix(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 4"]:
    """Return the unit (x, y, z, w) quaternion of a rotation, with w >= 0.

    Builds the outer product of the quaternion with itself and takes its best-conditioned row
    (Bar-Itzhack 2000, without the eigen-decomposition).
    """
    m = rotation
    trace = m.diagonal(dim1=-2, dim2=-1).sum(-1)
    xx = 1 + 2 * m[..., 0, 0] - trace
    yy = 1 + 2 * m[..., 1, 1] - trace
    zz = 1 + 2 * m[..., 2, 2] - trace
    ww = 1 + trace
    xy = m[..., 0, 1] + m[..., 1, 0]
    xz = m[..., 0, 2] + m[..., 2, 0]
    yz = m[..., 1, 2] + m[..., 2, 1]
    xw = m[..., 2, 1] - m[..., 1, 2]
    yw = m[..., 0, 2] - m[..., 2, 0]
    zw = m[..., 1, 0] - m[..., 0, 1]
    outer = torch.stack(
        [xx, xy, xz, xw, xy, yy, yz, yw, xz, yz, zz, zw, xw, yw, zw, ww], dim=-1
    ).unflatten(-1, (4, 4))
    best = outer.diagonal(dim1=-2, dim2=-1).argmax(-1)
    row = outer.gather(-2, best[..., None, None].expand(*best.shape, 1, 4))[..., 0, :]
    quaternion = row / row.norm(dim=-1, keepdim=True)
    return torch.where(quaternion[..., 3:] < 0, -quaternion, quaternion)


def rotation_from_euler(
    pitch: Float[Tensor, "*batch"], yaw: Float[Tensor, "*batch"], roll: Float[Tensor, "*batch"]
) -> Float[Tensor, "*batch 3 3"]:
    """Return `R_y(yaw) @ R_x(pitch) @ R_z(roll)`, radians, in the head frame (+Y up, face +Z).

    Positive yaw turns the face to the subject's left (+X), positive pitch nods it down.
    """
    zero = torch.zeros_like(yaw)
    turn = matrix_from_rotation_vector(torch.stack([zero, yaw, zero], -1))
    nod = matrix_from_rotation_vector(torch.stack([pitch, zero, zero], -1))
    tilt = matrix_from_rotation_vector(torch.stack([zero, zero, roll], -1))
    return turn @ nod @ tilt


def rotation_about_vertical(angle: float) -> Float[Tensor, "3 3"]:
    """Return the rotation by `angle` radians about +Y: positive turns a face to its own left."""
    zero = torch.zeros(())
    return rotation_from_euler(zero, zero + angle, zero)


def euler_from_rotation(
    rotation: Float[Tensor, "*batch 3 3"],
) -> tuple[Float[Tensor, "*batch"], Float[Tensor, "*batch"], Float[Tensor, "*batch"]]:
    """Return (pitch, yaw, roll) in radians of `R_y(yaw) @ R_x(pitch) @ R_z(roll)`."""
    yaw = torch.atan2(rotation[..., 0, 2], rotation[..., 2, 2])
    pitch = torch.asin((-rotation[..., 1, 2]).clamp(-1, 1))
    roll = torch.atan2(rotation[..., 1, 0], rotation[..., 1, 1])
    return pitch, yaw, roll
