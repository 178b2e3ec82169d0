"""What moves a head: 52 morph targets and a small skeleton with linear blend skinning."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.core.transform import Transform


@dataclass(frozen=True, kw_only=True)
class Rig:
    """Morph targets and joints of a head mesh.

    `morphs` are the 52 ARKit displacements in `ARKIT_NAMES` order, metres. Joints rest
    unrotated, axes parallel to the head frame's, at `joint_positions`; `parents` holds -1 for the
    root, and a parent always precedes its children. `skin_weights` rows sum to one.
    """

    morphs: Float[Tensor, "52 verts 3"]
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    joint_positions: Float[Tensor, "joints 3"]
    skin_weights: Float[Tensor, "verts joints"]

    def joint(self, name: str) -> int:
        """Return the index of the joint of that name; KeyError names the ones there are."""
        if name not in self.joint_names:
            raise KeyError(f"no joint {name!r}; there are {list(self.joint_names)}")
        return self.joint_names.index(name)

    def pose(
        self,
        vertices: Float[Tensor, "verts 3"],
        weights: Float[Tensor, "52"],
        rotations: Float[Tensor, "joints 3 3"] | None = None,
    ) -> Float[Tensor, "verts 3"]:
        """Return the vertices after morphs, then linear blend skinning by local joint rotations."""
        shaped = vertices + torch.tensordot(weights, self.morphs, dims=1)
        if rotations is None:
            return shaped
        return skin(shaped, self, rotations)


def skin(
    vertices: Float[Tensor, "verts 3"], rig: Rig, rotations: Float[Tensor, "joints 3 3"]
) -> Float[Tensor, "verts 3"]:
    """Move vertices by linear blend skinning; each joint rotates in its parent's frame."""
    joints = posed_from_rest(rig, rotations)
    blended = torch.einsum("vj,jab->vab", rig.skin_weights, joints.rotation)
    return (blended @ vertices[..., None])[..., 0] + rig.skin_weights @ joints.translation


def posed_from_rest(rig: Rig, rotations: Float[Tensor, "joints 3 3"]) -> Transform:
    """Return how each joint, by its and its parents' local rotations, moves what hangs on it."""
    world: list[tuple[Tensor, Tensor]] = []
    for joint, parent in enumerate(rig.parents):
        rest = rig.joint_positions[joint]
        if parent < 0:
            world.append((rotations[joint], rest))
        else:
            turn, origin = world[parent]
            offset = turn @ (rest - rig.joint_positions[parent])
            world.append((turn @ rotations[joint], origin + offset))
    turns = torch.stack([turn for turn, _ in world])
    shifts = torch.stack(
        [
            origin - turn @ rest
            for (turn, origin), rest in zip(world, rig.joint_positions, strict=True)
        ]
    )
    return Transform(rotation=turns, translation=shifts)
