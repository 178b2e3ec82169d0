from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.avatar import Avatar
from avatar.core.mesh import vertex_normals
from avatar.core.transform import matrix_from_rotation_vector
from tests.export.glb_reader import Glb
from tests.export.synthetic import MOVED_BY_MORPHS


def corner_sources(avatar: Avatar, glb: Glb, part: str) -> Tensor:
    """Return which mesh vertex each vertex of the file copies, from the triangles alone."""
    corners = avatar.mesh.part(part).faces.reshape(-1)
    indices = torch.from_numpy(glb.indices(part))
    assert len(corners) == len(indices)
    sources = torch.full((int(indices.max()) + 1,), -1)
    sources[indices] = corners
    assert torch.equal(sources[indices], corners)
    assert (sources >= 0).all()
    return sources


def random_rotations(avatar: Avatar, seed: int = 3) -> Tensor:
    vectors = torch.randn(len(avatar.rig.parents), 3, generator=torch.Generator().manual_seed(seed))
    return matrix_from_rotation_vector(0.4 * vectors)


def assert_agrees(
    avatar: Avatar, glb: Glb, weights: Tensor, rotations: Tensor | None = None
) -> None:
    """Compare every part of the file with the avatar's own evaluation, to a micrometre."""
    turns = torch.eye(3).repeat(len(avatar.rig.parents), 1, 1) if rotations is None else rotations
    expected = avatar.pose(weights, turns)
    named = {n: r.double().numpy() for n, r in zip(avatar.rig.joint_names, turns, strict=True)}
    for part in avatar.mesh.parts:
        got = glb.posed(part.name, weights.numpy(), named)
        truth = expected[corner_sources(avatar, glb, part.name)].numpy()
        assert np.abs(got - truth).max() < 1e-6, part.name


def test_neutral_is_the_avatars(avatar: Avatar, glb: Glb) -> None:
    assert_agrees(avatar, glb, torch.zeros(52))


def test_every_morph_moves_what_it_moves_in_the_avatar(avatar: Avatar, glb: Glb) -> None:
    for index in range(52):
        assert_agrees(avatar, glb, torch.eye(52)[index])


def test_all_morphs_and_joints_together_agree(avatar: Avatar, glb: Glb) -> None:
    weights = torch.rand(52, generator=torch.Generator().manual_seed(1))
    assert_agrees(avatar, glb, weights, random_rotations(avatar))


@pytest.mark.parametrize("options", [{"sparse_morphs": False}, {"morph_normals": False}])
def test_other_storage_means_the_same(
    avatar: Avatar, exported: Callable[..., Glb], options: dict[str, bool]
) -> None:
    weights = torch.rand(52, generator=torch.Generator().manual_seed(2))
    assert_agrees(avatar, exported(**options), weights, random_rotations(avatar))


def test_all_moving_parts_have_the_52_targets_by_name(glb: Glb) -> None:
    for mesh in glb.json["meshes"]:
        (primitive,) = mesh["primitives"]
        if mesh["name"] not in MOVED_BY_MORPHS:
            assert "targets" not in primitive
            continue
        assert mesh["extras"]["targetNames"] == list(ARKIT_NAMES)
        assert primitive["extras"]["targetNames"] == list(ARKIT_NAMES)
        assert len(primitive["targets"]) == len(mesh["weights"]) == 52
        assert all(set(target) == {"POSITION", "NORMAL"} for target in primitive["targets"])


def test_sparse_morphs_make_a_smaller_file(exported: Callable[..., Glb]) -> None:
    dense = exported(sparse_morphs=False)
    assert not any("sparse" in accessor for accessor in dense.json["accessors"])
    assert len(exported().binary) < 0.6 * len(dense.binary)


def test_copies_of_a_seam_vertex_share_position_normal_and_joints(avatar: Avatar, glb: Glb) -> None:
    for part in avatar.mesh.parts:
        sources = corner_sources(avatar, glb, part.name).numpy()
        assert len(sources) > len(np.unique(sources))
        first = {source: index for index, source in reversed(list(enumerate(sources)))}
        original = np.array([first[source] for source in sources])
        for name in ("POSITION", "NORMAL", "JOINTS_0", "WEIGHTS_0"):
            values = glb.attribute(part.name, name)
            assert np.array_equal(values, values[original])
        for target in glb.primitive(part.name).get("targets", []):
            for accessor in target.values():
                values = glb.array(accessor)
                assert np.array_equal(values, values[original])


def test_texture_coordinates_follow_the_corners(avatar: Avatar, glb: Glb) -> None:
    for part in avatar.mesh.parts:
        got = glb.attribute(part.name, "TEXCOORD_0")[glb.indices(part.name)]
        assert np.array_equal(got, avatar.mesh.uvs[part.uv_faces.reshape(-1)].numpy())


def test_normals_are_those_of_the_morphed_surface(avatar: Avatar, glb: Glb) -> None:
    neutral = vertex_normals(avatar.mesh.vertices, avatar.mesh.faces)
    sources = corner_sources(avatar, glb, "skin")
    for index in (0, 17, 24):
        weights = torch.eye(52)[index]
        truth = vertex_normals(avatar.pose(weights), avatar.mesh.faces)
        assert (truth - neutral).norm(dim=1).max() > 0.05
        got = glb.morphed("skin", weights.numpy(), "NORMAL")
        assert np.abs(got - truth[sources].numpy()).max() < 1e-4


def test_triangles_wind_so_that_they_face_outwards(glb: Glb) -> None:
    for mesh in glb.json["meshes"]:
        name = mesh["name"]
        corners = glb.attribute(name, "POSITION")[glb.indices(name)].reshape(-1, 3, 3)
        normals = glb.attribute(name, "NORMAL")[glb.indices(name)].reshape(-1, 3, 3).mean(1)
        facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert ((facing * normals).sum(1) > 0).all()


def test_skin_has_at_most_four_joints_whose_weights_sum_to_one(glb: Glb) -> None:
    for mesh in glb.json["meshes"]:
        weights = glb.attribute(mesh["name"], "WEIGHTS_0")
        assert weights.shape[1] == 4
        assert (weights >= 0).all()
        assert np.abs(weights.sum(1, dtype=np.float32) - 1).max() < 1e-7
        joints = glb.attribute(mesh["name"], "JOINTS_0")
        assert (joints[weights == 0] == 0).all()


def test_joints_are_named_nested_and_rest_where_the_rig_says(avatar: Avatar, glb: Glb) -> None:
    rig = avatar.rig
    (skin,) = glb.json["skins"]
    nodes = glb.json["nodes"]
    assert tuple(nodes[j]["name"] for j in skin["joints"]) == rig.joint_names
    for joint, parent in enumerate(rig.parents):
        if parent >= 0:
            assert skin["joints"][joint] in nodes[skin["joints"][parent]]["children"]
    world = glb.world_matrices({})
    inverse = glb.array(skin["inverseBindMatrices"])
    for joint, position in enumerate(rig.joint_positions.numpy()):
        assert np.allclose(world[skin["joints"][joint]][:3, 3], position, atol=1e-9)
        assert np.allclose(inverse[joint] @ world[skin["joints"][joint]], np.eye(4), atol=1e-7)


def test_every_node_has_a_name_of_its_own(glb: Glb) -> None:
    names = [node["name"] for node in glb.json["nodes"]]
    assert len(set(names)) == len(names)
    assert glb.mesh_node("eye_left")["name"] == "eye_left_mesh"
    assert glb.mesh_node("skin")["name"] == "skin"


def test_meshes_stand_at_the_top_of_the_scene(glb: Glb) -> None:
    roots = glb.json["scenes"][glb.json["scene"]]["nodes"]
    meshes = [index for index, node in enumerate(glb.json["nodes"]) if "mesh" in node]
    assert set(meshes) < set(roots)
    assert len(roots) == len(meshes) + 1


def test_the_file_says_what_made_it_and_its_licence(glb: Glb) -> None:
    asset = glb.json["asset"]
    assert asset["version"] == "2.0"
    assert asset["generator"] == "tests"
    assert asset["copyright"] == asset["extras"]["licence"] == "CC0-1.0"
    assert asset["extras"]["headModel"] == "none"


def test_only_the_parts_asked_for_and_their_materials_are_in_the_file(
    exported: Callable[..., Glb],
) -> None:
    glb = exported(parts=("eye_right", "lashes"))
    assert [mesh["name"] for mesh in glb.json["meshes"]] == ["eye_right", "lashes"]
    assert [material["name"] for material in glb.json["materials"]] == ["eye", "lashes"]


def test_left_and_right_morphs_move_their_own_side(glb: Glb) -> None:
    for index, name in enumerate(ARKIT_NAMES):
        side = 1 if name.endswith("Left") else -1 if name.endswith("Right") else 0
        shift = glb.morphed("skin", np.eye(52)[index]) - glb.attribute("skin", "POSITION")
        amount = np.linalg.norm(shift, axis=1)
        assert amount.max() > 1e-3
        x = (amount * glb.attribute("skin", "POSITION")[:, 0]).sum() / amount.sum()
        assert x * side > 0.02 or side == 0
