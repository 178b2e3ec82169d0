"""GNM's file becomes a head model that can be posed and shaped."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy import ndarray

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.core.errors import ModelError
from avatar.head.gnm.load import load_gnm
from avatar.head.model import HeadModel
from tests.head.synthetic_head import EYE_CENTRES, EYE_RADIUS, averages, sphere, sphere_head

COMPONENTS = ("skin", "left_eye", "right_eye", "tongue")
OFFSET = np.array([0.0, 1.6, 0.03])


def gnm_arrays(modes: int = 12) -> dict[str, ndarray]:
    """Return arrays of GNM's names, shapes and types: skin, eyes with outer shells, a tongue."""
    head = sphere_head()
    points, faces, piece = [head.vertices], [head.faces], [head.piece]
    ball, ball_faces = sphere(7, 10)
    # Shells just outside the eyeballs, then the tongue.
    for owner, centre, radius in (
        (1, EYE_CENTRES[0], EYE_RADIUS * 1.05),
        (2, EYE_CENTRES[1], EYE_RADIUS * 1.05),
        (3, np.array([0.0, -0.07, -0.03]), 0.02),
    ):
        faces.append(ball_faces + sum(len(part) for part in points))
        points.append(ball * radius + centre)
        piece.append(np.full(len(ball), owner))
    vertices, owner = np.concatenate(points), np.concatenate(piece)
    triangles = np.concatenate(faces)
    count, shells = len(vertices), np.zeros(len(vertices))
    first = len(head.vertices)
    shells[first : first + 2 * len(ball)] = 1
    weights = np.stack([owner == 9, (owner == 0) | (owner == 3), owner == 1, owner == 2])
    low, around = (owner == 0) & (vertices[:, 1] < -0.1), owner == 0
    balls = [(owner == index) & (shells == 0) for index in (1, 2)]
    regressor = averages([low, around, *balls])
    joints = regressor @ vertices + OFFSET
    generator = np.random.default_rng(5)
    correctives = np.zeros((36, count, 3))
    correctives[18:27, owner == 0, 1] = 1e-5
    uvs = generator.random((len(triangles), 3, 2))
    groups = [owner == index for index in range(4)]
    return {
        "version": np.array("3.0"),
        "variant": np.array("head"),
        "template_vertex_positions": (vertices + OFFSET).astype(np.float32),
        "template_joint_positions": joints.astype(np.float32),
        "vertex_identity_basis": generator.normal(0, 1e-3, (modes, count, 3)).astype(np.float32),
        "joint_identity_basis": np.zeros((modes, 4, 3), np.float32),
        "expression_basis": np.zeros((3, count, 3), np.float32),
        "joint_names": np.array(["neck", "head", "left_eye", "right_eye"]),
        "joint_parent_indices": np.array([0, 0, 1, 1]),
        "skinning_weights": weights.astype(np.float32),
        "triangles": triangles.astype(np.int32),
        "triangle_uvs": uvs.astype(np.float32),
        "mesh_component_names": np.array(COMPONENTS),
        "mirror_indices": np.arange(count),
        "joint_regressor": regressor.astype(np.float32),
        "pose_correctives_regressor": correctives.reshape(36, -1).astype(np.float32),
        "vertex_groups": np.stack([*groups, shells]).astype(np.float32),
        "vertex_group_names": np.array([*COMPONENTS, "eye_exteriors"]),
    }


@pytest.fixture(scope="session")
def arrays() -> dict[str, ndarray]:
    return gnm_arrays()


def saved(folder: Path, arrays: dict[str, ndarray], **changes) -> Path:
    path = folder / "gnm_head.npz"
    np.savez_compressed(path, **{k: v for k, v in {**arrays, **changes}.items() if v is not None})
    return path


@pytest.fixture(scope="session")
def gnm(tmp_path_factory, arrays) -> HeadModel:
    return load_gnm(saved(tmp_path_factory.mktemp("gnm"), arrays))


def test_joints_are_the_files_own_in_our_names_and_follow_the_head(gnm, arrays):
    assert gnm.joint_names == ("neck", "head", "eye_left", "eye_right")
    assert gnm.parents == (-1, 0, 1, 1)
    wanted = torch.from_numpy(arrays["template_joint_positions"] - OFFSET).float()
    shift = torch.tensor([0.1, 0.2, 0.3])
    for moved in (torch.zeros(3), shift):
        joints = gnm.joint_regressor @ (gnm.template + moved)
        torch.testing.assert_close(joints, wanted + moved, atol=1e-4, rtol=0)


def test_weights_sum_to_one(gnm):
    torch.testing.assert_close(gnm.skin_weights.sum(1), torch.ones(len(gnm.template)))


def test_parts_have_our_names_and_clear_shells_are_corneas(gnm):
    names = [part.name for part in gnm.parts]
    assert names == ["skin", "eye_left", "cornea_left", "eye_right", "cornea_right", "tongue"]
    ball = gnm.template[gnm.part("eye_left").faces.unique()]
    cornea = gnm.template[gnm.part("cornea_left").faces.unique()]
    centre = torch.from_numpy(EYE_CENTRES[0]).float()
    assert (cornea - centre).norm(dim=1).min() > (ball - centre).norm(dim=1).max()
    for part in gnm.parts:
        assert part.faces.max() < len(gnm.template)
        assert part.uv_faces.max() < len(gnm.uvs)


def test_the_skin_keeps_the_files_layout_with_v_running_down(gnm, arrays):
    skin = gnm.part("skin")
    own = arrays["triangle_uvs"][: len(skin.faces)]
    wanted = torch.from_numpy(own * [1, -1] + [0, 1]).float()
    torch.testing.assert_close(gnm.uvs[skin.uv_faces], wanted)


def test_tiles_of_later_layouts_are_laid_over_one_another(gnm, tmp_path, arrays):
    path = saved(tmp_path, arrays, triangle_uvs=arrays["triangle_uvs"] + np.float32([2, 0]))
    moved = load_gnm(path)
    assert moved.uvs.min() >= -1e-6
    assert moved.uvs.max() <= 1 + 1e-6
    skin, before = moved.part("skin"), gnm.part("skin")
    torch.testing.assert_close(
        moved.uvs[skin.uv_faces], gnm.uvs[before.uv_faces], atol=1e-5, rtol=0
    )


def test_looks_turn_the_eyes_and_what_follows_them(gnm):
    eye = gnm.part("cornea_left").faces.unique()
    front = eye[gnm.template[eye, 2].argmax()]
    up = gnm.expression_basis[ARKIT_INDEX["eyeLookUpLeft"]]
    assert up[front, 1] > 0.004
    assert (up[gnm.part("cornea_right").faces.unique()] == 0).all()
    # The correctives of the left eye's joint reach the skin.
    assert (up[gnm.part("skin").faces.unique(), 1] != 0).all()


def test_shapes_it_cannot_make_are_zero_and_named(gnm):
    assert set(gnm.missing_expressions) == {n for n in ARKIT_NAMES if not n.startswith("eyeLook")}


def test_identity_regions_and_landmarks_are_ready_to_fit(gnm, arrays):
    lengths = gnm.identity_basis.flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, gnm.identity_deviations)
    assert (lengths.diff() <= 0).all()
    assert gnm.region("face").any()
    assert int(gnm.region("tongue").sum()) == int((arrays["vertex_groups"][3] > 0.5).sum())
    assert gnm.landmarks68.on(gnm.template).isfinite().all()
    assert gnm.mirror is not None
    assert gnm.licence.startswith("Apache-2.0")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("triangles", None, "triangles missing among"),
        ("version", np.array("4.0"), "expected version 3"),
        ("variant", np.array("body"), "expected version 3 of the variant head, got 3.0 of body"),
        ("version", np.array([3.0, 1.0]), "expected one text"),
        ("template_vertex_positions", np.zeros((5, 2)), "shape"),
        ("template_vertex_positions", np.full((9, 3), np.nan), "finite"),
        ("vertex_identity_basis", np.zeros((2, 5, 3)), "shape"),
        ("joint_names", np.array(["a", "b", "c", "d"]), "joint_names: expected neck"),
        ("joint_names", np.array([1, 2]), "expected texts"),
        ("joint_parent_indices", np.array([0, 2, 1, 1]), "parents before their children"),
        ("skinning_weights", np.zeros((4, 5)), "shape"),
        ("triangles", np.array([[0, 1, 10**6]]), "indices from 0"),
        ("vertex_group_names", np.array(["skin"]), "shape"),
        ("mesh_component_names", np.array(["skin", "left_eye"]), "right_eye missing"),
        ("mesh_component_names", np.array([*COMPONENTS, "eye_exteriors"]), "in none or several"),
        ("mesh_component_names", np.array([*COMPONENTS, "hair"]), "hair missing"),
        ("template_joint_positions", np.zeros((4, 3)), "expected the left eye"),
    ],
)
def test_arrays_that_are_not_gnms_are_named(tmp_path, arrays, name, value, message):
    with pytest.raises(ModelError, match=message):
        load_gnm(saved(tmp_path, arrays, **{name: value}))


def test_another_npz_is_told_what_is_needed_and_what_was_found(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, weights=np.zeros(3), bias=np.zeros(2))
    with pytest.raises(ModelError, match=r"template_vertex_positions.*missing among bias, weights"):
        load_gnm(path)


def test_damaged_and_missing_files_are_refused(tmp_path, arrays):
    whole = saved(tmp_path, arrays).read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2]):
        path = tmp_path / "damaged.npz"
        path.write_bytes(content)
        with pytest.raises(ModelError):
            load_gnm(path)
    with pytest.raises(ModelError, match="no such file"):
        load_gnm(tmp_path / "gone.npz")
