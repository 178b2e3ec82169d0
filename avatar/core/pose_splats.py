"""Splats carried by a head's pose and expression to where they are in the world."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag, normalize

from avatar.core.avatar import Avatar
from avatar.core.splats import (
    DISPLAY_GAMMA,
    LIGHT_SHARE,
    MOST_COLOR,
    MOST_OFFSET,
    STRETCH,
    SplatRelighting,
    Splats,
)
from avatar.core.transform import (
    Transform,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    rotation_vector_from_matrix,
)


@dataclass(frozen=True, kw_only=True)
class PosedSplats:
    """Gaussians in the world, ready to be drawn: metres, (x, y, z, w), display sRGB.

    Rotations need not be of unit length. `turns` are how the splats were turned from rest.
    """

    means: Float[Tensor, "splats 3"]
    rotations: Float[Tensor, "splats 4"]
    scales: Float[Tensor, "splats 3"]
    opacities: Float[Tensor, " splats"]
    colors: Float[Tensor, "splats 3"]
    turns: Float[Tensor, "splats 4"]


@dataclass(frozen=True, kw_only=True)
class SplatRig:
    """What of a mesh and a binding stays the same from pose to pose; build it once.

    `vertices` and `morphs` are of the mesh's vertices that splats hang on; `corners` index them;
    `faces` are the triangles splats hang on, `face` each splat's. `frames` holds the triangles'
    orthonormal axes at rest as columns, `areas` twice their areas.
    """

    vertices: Float[Tensor, "used 3"]
    morphs: Float[Tensor, "52 coordinates"]
    corners: Int[Tensor, "splats 3"]
    barycentrics: Float[Tensor, "splats 3"]
    anchors: Float[Tensor, "splats 3"]
    faces: Int[Tensor, "faces 3"]
    face: Int[Tensor, " splats"]
    frames: Float[Tensor, "faces 3 3"]
    areas: Float[Tensor, " faces"]

    @staticmethod
    def build(
        head: Avatar, corners: Int[Tensor, "splats 3"], barycentrics: Float[Tensor, "splats 3"]
    ) -> "SplatRig":
        """Prepare the mesh of `head` for splats that hang on these triangles."""
        used, local = corners.unique(return_inverse=True)
        vertices = head.mesh.vertices[used]
        faces, face = local.unique(dim=0, return_inverse=True)
        frames, areas = _triangle_frames(vertices[faces])
        anchors = (vertices[local] * barycentrics[..., None]).sum(1)
        return SplatRig(
            vertices=vertices,
            morphs=head.rig.morphs[:, used].flatten(1).contiguous(),
            corners=local,
            barycentrics=barycentrics,
            anchors=anchors,
            faces=faces,
            face=face,
            frames=frames,
            areas=areas,
        )


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """What is known of a frame beside its expression and head pose.

    `torso` is how the torso stands other than the head's pose lets expect, in its own frame;
    `code_weights` are other weights to make the expression code from than the mesh's.
    """

    torso: Transform | None = None
    code_weights: Float[Tensor, "52"] | None = None


def pose_splats(
    splats: Splats,
    rig: SplatRig,
    weights: Float[Tensor, "52"],
    world_from_head: Transform,
    adjusted: Adjustment | None = None,
) -> PosedSplats:
    """Return the splats of an expression and a head pose, as `avatar.core.splats` says how.

    Differentiable in what `splats` holds, in `weights` and in the pose; the turns of triangles and
    bones count as constants there: only where splats go tells of a pose, not how they lie.
    """
    adjusted = adjusted or Adjustment()
    turn = rotation_vector_from_matrix(world_from_head.rotation)
    coded = weights if adjusted.code_weights is None else adjusted.code_weights
    codes = splats.code(coded, turn.detach())
    rest = splats.means + shape_sum(codes, splats.offset_shapes, MOST_OFFSET)
    vertices = (rig.vertices.flatten() + weights @ rig.morphs).view(-1, 3)
    turns, stretch = _turns(rig, vertices.detach())
    anchors = embedding_bag(rig.corners, vertices, per_sample_weights=rig.barycentrics, mode="sum")
    own = (rest - rig.anchors) * stretch[:, None]
    in_head = anchors + turned(turns, own)
    torso = torso_pose(splats, world_from_head)
    if adjusted.torso is not None:
        torso = torso @ adjusted.torso
    share = splats.head_shares[:, None]
    with_head = in_head @ world_from_head.rotation.T + world_from_head.translation
    with_torso = in_head @ torso.rotation.T + torso.translation
    means = with_torso + share * (with_head - with_torso)
    with torch.no_grad():
        bones = quaternion_from_matrix(torch.stack([torso.rotation, world_from_head.rotation]))
        bone = torch.lerp(bones[0], bones[1], share)
        carried = _product(bone, turns)
    colors = splats.colors + shape_sum(codes, splats.color_shapes, MOST_COLOR)
    if splats.relighting is not None:
        colors = colors * light_share(splats.relighting, carried) ** (1 / DISPLAY_GAMMA)
    return PosedSplats(
        means=means,
        rotations=_product(carried, splats.rotations),
        scales=splats.scales * stretch[:, None],
        opacities=splats.opacities,
        colors=colors,
        turns=carried,
    )


def shape_sum(
    codes: Float[Tensor, " codes"], shapes: Float[Tensor, "codes splats 3"], most: float
) -> Float[Tensor, "splats 3"]:
    """Return the shapes' sum by the codes, smoothly kept within `most`."""
    total = (codes @ shapes.flatten(1)).view(shapes.shape[1:])
    return most * torch.tanh(total / most)


def light_share(
    relighting: SplatRelighting, turns: Float[Tensor, "splats 4"]
) -> Float[Tensor, "splats 3"]:
    """Return how much of the filmed light reaches splats turned so, of what does at rest."""
    normals = turned(normalize(turns, dim=1), relighting.normals)
    now = relighting.light_on(normals)
    return (now / relighting.light_at_rest).clamp(*LIGHT_SHARE)


def torso_pose(splats: Splats, world_from_head: Transform) -> Transform:
    """Return the torso's transform in the world while the head is there: it sways along."""
    turn = rotation_vector_from_matrix(world_from_head.rotation.detach())
    moved = splats.sway @ torch.cat([turn, world_from_head.translation.detach()])
    return Transform(rotation=matrix_from_rotation_vector(moved[:3]), translation=moved[3:])


def _triangle_frames(
    corners: Float[Tensor, "faces 3 3"],
) -> tuple[Float[Tensor, "faces 3 3"], Float[Tensor, " faces"]]:
    a, b, c = corners.unbind(1)
    normal = torch.linalg.cross(b - a, c - a)
    area = normal.norm(dim=1)
    normal = normal / area.clamp_min(1e-12)[:, None]
    along = normalize(b - a, dim=1)
    return torch.stack([along, torch.linalg.cross(normal, along), normal], -1), area


@torch.no_grad()
def _turns(
    rig: SplatRig, vertices: Float[Tensor, "used 3"]
) -> tuple[Float[Tensor, "splats 4"], Float[Tensor, " splats"]]:
    """Return how the splats' triangles turned from rest, unit quaternions, and their stretch."""
    frames, areas = _triangle_frames(vertices[rig.faces])
    stretch = (areas / rig.areas.clamp_min(1e-14)).sqrt().clamp(*STRETCH)
    turn = frames @ rig.frames.transpose(1, 2)
    # Expressions turn skin by far less than half a turn, so this row is well-conditioned.
    quaternion = torch.stack(
        [
            turn[:, 2, 1] - turn[:, 1, 2],
            turn[:, 0, 2] - turn[:, 2, 0],
            turn[:, 1, 0] - turn[:, 0, 1],
            (1 + turn.diagonal(dim1=1, dim2=2).sum(1)).clamp_min(1e-3),
        ],
        1,
    )
    quaternion = quaternion / quaternion.norm(dim=1, keepdim=True)
    return quaternion[rig.face], stretch[rig.face]


def turned(
    quaternions: Float[Tensor, "splats 4"], vectors: Float[Tensor, "splats 3"]
) -> Float[Tensor, "splats 3"]:
    """Rotate vectors by unit quaternions."""
    axis, real = quaternions[:, :3], quaternions[:, 3:]
    twice = 2 * torch.linalg.cross(axis, vectors)
    return vectors + real * twice + torch.linalg.cross(axis, twice)


def _product(
    first: Float[Tensor, "splats 4"], second: Float[Tensor, "splats 4"]
) -> Float[Tensor, "splats 4"]:
    """Return the quaternions that rotate by `second`, then by `first`."""
    axis, other = first[:, :3], second[:, :3]
    real, real_other = first[:, 3:], second[:, 3:]
    return torch.cat(
        [
            real * other + real_other * axis + torch.linalg.cross(axis, other),
            real * real_other - (axis * other).sum(1, keepdim=True),
        ],
        1,
    )
