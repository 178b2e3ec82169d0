"""Morph targets and linear blend skinning, many poses at a time."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.core.transform import Transform
from avatar.ops.native import runs_natively
from avatar.ops.skin_native import skin_natively


@dataclass(frozen=True, kw_only=True)
class SkinnedMesh:
    """What of a mesh stays the same from pose to pose.

    `vertices` at rest and `morphs`, displacements at full weight, in metres; `skin_weights` rows
    sum to one.
    """

    vertices: Float[Tensor, "verts 3"]
    morphs: Float[Tensor, "morphs verts 3"]
    skin_weights: Float[Tensor, "verts joints"]


def skin(
    mesh: SkinnedMesh,
    morph_weights: Float[Tensor, "poses morphs"],
    posed_from_rest: Transform,
) -> Float[Tensor, "poses verts 3"]:
    """Return the vertices in every pose: first the morphs, then the joints' blended transforms.

    `posed_from_rest` holds a transform for every pose and joint (shape (poses, joints)).
    Differentiable in everything. Natively (float32 on the CPU) morphs and joints without weight
    are not looked at, whatever they hold.

    Raises:
        OptionError: shapes that do not belong together.
    """
    _check(mesh, morph_weights, posed_from_rest)
    rotation, translation = posed_from_rest.rotation, posed_from_rest.translation
    matrices = torch.cat([rotation, translation[..., None]], -1)
    if runs_natively(mesh.vertices):
        return skin_natively(mesh.vertices, mesh.morphs, mesh.skin_weights, morph_weights, matrices)
    poses = len(morph_weights)
    shaped = torch.addmm(
        mesh.vertices.reshape(1, -1), morph_weights, mesh.morphs.flatten(1)
    ).unflatten(1, (-1, 3))
    blended = (mesh.skin_weights @ matrices.flatten(2)).reshape(poses, len(mesh.vertices), 3, 4)
    return (blended[..., :3] @ shaped[..., None])[..., 0] + blended[..., 3]


def skin_reference(
    mesh: SkinnedMesh,
    morph_weights: Float[Tensor, "poses morphs"],
    posed_from_rest: Transform,
) -> Float[Tensor, "poses verts 3"]:
    """Do what `skin` does, pose by pose and joint by joint; the definition of the op."""
    _check(mesh, morph_weights, posed_from_rest)
    result: list[Tensor] = []
    for pose, weights in enumerate(morph_weights):
        shaped = mesh.vertices
        for weight, morph in zip(weights, mesh.morphs, strict=True):
            shaped = shaped + weight * morph
        posed = torch.zeros_like(shaped)
        for joint in range(mesh.skin_weights.shape[1]):
            moved = Transform(
                rotation=posed_from_rest.rotation[pose, joint],
                translation=posed_from_rest.translation[pose, joint],
            ).apply(shaped)
            posed = posed + mesh.skin_weights[:, joint, None] * moved
        result.append(posed)
    return torch.stack(result) if result else mesh.vertices.new_zeros(0, *mesh.vertices.shape)


def _check(mesh: SkinnedMesh, morph_weights: Tensor, posed_from_rest: Transform) -> None:
    verts, morphs = len(mesh.vertices), len(mesh.morphs)
    joints = mesh.skin_weights.shape[-1]
    poses = len(morph_weights) if morph_weights.ndim else 0
    expected = {
        "vertices": (mesh.vertices, (verts, 3)),
        "morphs": (mesh.morphs, (morphs, verts, 3)),
        "skin_weights": (mesh.skin_weights, (verts, joints)),
        "morph_weights": (morph_weights, (poses, morphs)),
        "posed_from_rest.rotation": (posed_from_rest.rotation, (poses, joints, 3, 3)),
        "posed_from_rest.translation": (posed_from_rest.translation, (poses, joints, 3)),
    }
    for name, (tensor, shape) in expected.items():
        if tuple(tensor.shape) != shape:
            raise OptionError(f"{name}: expected shape {shape}, got {tuple(tensor.shape)}")
        if tensor.dtype != mesh.vertices.dtype or tensor.device != mesh.vertices.device:
            raise OptionError(
                f"{name}: expected {mesh.vertices.dtype} on {mesh.vertices.device} as the vertices "
                f"are, got {tensor.dtype} on {tensor.device}"
            )
