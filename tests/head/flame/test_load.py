"""FLAME's file becomes a head model that can be posed and shaped."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.core.errors import ModelError
from avatar.head.flame.load import load_flame
from avatar.head.model import HeadModel
from tests.head.flame.conftest import flame_arrays
from tests.head.synthetic_head import EYE_CENTRES, sphere_head

COUNT = len(sphere_head().vertices)


@pytest.fixture(scope="session")
def path(tmp_path_factory, arrays) -> Path:
    file = tmp_path_factory.mktemp("flame") / "flame2023.pkl"
    stored = {**arrays, "J_regressor": sparse.csc_matrix(arrays["J_regressor"]), "bs_type": "lrot"}
    file.write_bytes(pickle.dumps(stored, 2))
    return file


@pytest.fixture(scope="session")
def flame(path) -> HeadModel:
    return load_flame(path)


def with_change(tmp_path, arrays, **changes) -> Path:
    file = tmp_path / "changed.npz"
    np.savez(file, **{k: v for k, v in {**arrays, **changes}.items() if v is not None})
    return file


def test_its_joints_have_our_names_and_the_origin_is_between_the_eyes(flame):
    assert flame.joint_names == ("root", "neck", "jaw", "eye_left", "eye_right")
    assert flame.parents == (-1, 0, 1, 1, 1)
    joints = flame.joint_regressor @ flame.template
    torch.testing.assert_close(joints[3:], torch.from_numpy(EYE_CENTRES).float(), atol=1e-5, rtol=0)


def test_weights_and_regressor_rows_sum_to_one(flame):
    torch.testing.assert_close(flame.skin_weights.sum(1), torch.ones(len(flame.template)))
    torch.testing.assert_close(flame.joint_regressor.sum(1), torch.ones(5), atol=1e-4, rtol=0)
    shift = torch.tensor([0.1, 0.2, 0.3])
    moved = flame.joint_regressor @ (flame.template + shift)
    torch.testing.assert_close(
        moved, flame.joint_regressor @ flame.template + shift, atol=1e-4, rtol=0
    )


def test_identity_modes_are_the_first_300_at_most_and_largest_first(flame, arrays):
    assert flame.identity_size == 300
    lengths = flame.identity_basis.flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, flame.identity_deviations)
    assert (lengths.diff() <= 0).all()
    own = np.linalg.norm(arrays["shapedirs"][..., :300].reshape(-1, 300), axis=0)
    np.testing.assert_allclose(np.sort(own)[::-1], lengths, rtol=1e-5)


def test_the_parts_are_skin_and_two_eyeballs_on_their_own_sides(flame):
    assert [part.name for part in flame.parts] == ["skin", "eye_left", "eye_right"]
    assert (flame.template[flame.part("eye_left").faces, 0] > 0).all()
    assert (flame.template[flame.part("eye_right").faces, 0] < 0).all()
    assert sum(len(part.faces) for part in flame.parts) == len(sphere_head().faces)


def test_uvs_lie_in_the_square_and_the_seam_is_not_crossed(flame):
    assert flame.uvs.min() >= 0
    assert flame.uvs.max() <= 1
    for part in flame.parts:
        assert part.uv_faces.min() >= 0
        assert part.uv_faces.max() < len(flame.uvs)
        assert part.faces.max() < len(flame.template)
    skin = flame.part("skin")
    crown = flame.template[skin.faces, 1].amax(1) > flame.template[:, 1].max() - 1e-4
    bottom = flame.template[skin.faces, 1].amin(1) < flame.template[skin.faces, 1].min() + 1e-4
    u = flame.uvs[skin.uv_faces[~crown & ~bottom], 0]
    assert (u.amax(1) - u.amin(1)).max() < 0.1


def test_the_iris_is_where_the_default_eye_is_painted(flame):
    for name in ("eye_left", "eye_right"):
        part = flame.part(name)
        points = flame.template[part.faces]
        frontmost = points[..., 2].argmax()
        uv = flame.uvs[part.uv_faces.flatten()[frontmost]]
        assert (uv - 0.5).norm() < 0.12


def test_the_jaw_opens_down_and_goes_to_the_sides_it_is_told(flame):
    jaw = flame.skin_weights[:, 2] > 0.5
    mean = {
        name: flame.expression_basis[ARKIT_INDEX[name], jaw].mean(0)
        for name in ("jawOpen", "jawLeft", "jawRight", "jawForward")
    }
    assert mean["jawOpen"][1] < -0.005
    assert mean["jawLeft"][0] > 0.001
    assert mean["jawRight"][0] < -0.001
    assert mean["jawForward"][2] > 0.002


def test_the_jaws_displacement_is_the_files_own_skinning(flame, arrays):
    angle = np.radians(25)
    rotation = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    change = (rotation - np.eye(3)).reshape(-1)
    start = arrays["v_template"] + arrays["posedirs"][:, :, 9:18] @ change
    centre = arrays["J_regressor"][2] @ arrays["v_template"]
    turned = (start - centre) @ rotation.T + centre
    weight = arrays["weights"][:, 2:3]
    moved = weight * turned + (1 - weight) * start - arrays["v_template"]
    torch.testing.assert_close(
        flame.expression_basis[ARKIT_INDEX["jawOpen"]],
        torch.from_numpy(moved).float(),
        atol=1e-6,
        rtol=0,
    )


@pytest.mark.parametrize(
    ("name", "axis", "sign"),
    [("Up", 1, 1), ("Down", 1, -1), ("OutLeft", 0, 1), ("InRight", 0, 1), ("OutRight", 0, -1)],
)
def test_eyes_look_where_they_are_told(flame, name, axis, sign):
    name = name if name.endswith(("Left", "Right")) else f"{name}Left"
    eye = flame.part("eye_left" if name.endswith("Left") else "eye_right").faces.unique()
    front = eye[flame.template[eye, 2].argmax()]
    move = flame.expression_basis[ARKIT_INDEX[f"eyeLook{name}"], front]
    assert sign * move[axis] > 0.004


def test_shapes_it_cannot_make_are_zero_and_named(flame):
    made = {name for name in ARKIT_NAMES if name.startswith(("eyeLook", "jaw"))}
    assert set(flame.missing_expressions) == set(ARKIT_NAMES) - made
    assert "no other ARKit shapes" in flame.source


def test_landmarks_lie_on_the_front_of_the_skin_and_irises_on_the_eyes(flame):
    points = flame.landmarks68.on(flame.template)
    assert points.shape == (68, 3)
    assert points[36:48, 1].abs().max() < 0.02
    assert points[36, 0] < points[45, 0]
    assert len(flame.landmarks478) == 478
    for name, iris in (("eye_right", slice(468, 473)), ("eye_left", slice(473, 478))):
        on_eye = torch.isin(flame.landmarks478.corners[iris], flame.part(name).faces)
        assert on_eye.all()


def test_the_face_is_in_the_front_of_the_skin(flame):
    face = flame.region("face")
    assert face.any()
    assert flame.template[face, 2].min() > flame.template[flame.part("skin").faces, 2].mean()


def test_a_npz_of_the_same_arrays_gives_the_same_model(flame, tmp_path, arrays):
    same = load_flame(with_change(tmp_path, arrays))
    torch.testing.assert_close(same.template, flame.template)
    torch.testing.assert_close(same.expression_basis, flame.expression_basis)


def test_a_second_load_comes_from_the_cache(flame, path, monkeypatch):
    def fail(*_args):
        raise AssertionError("built again")

    monkeypatch.setattr("avatar.head.flame.load.read_flame", fail)
    again = load_flame(path)
    assert torch.equal(again.template, flame.template)
    assert torch.equal(again.landmarks68.corners, flame.landmarks68.corners)


def test_a_file_of_the_published_size_loads(tmp_path):
    head = sphere_head(skin=(56, 70), eye=(17, 32), extra=9)
    assert len(head.vertices) == 5023
    file = tmp_path / "flame2023.pkl"
    arrays = flame_arrays(head, shapes=400)
    file.write_bytes(
        pickle.dumps(
            {k: v.astype(np.float32) if v.dtype == float else v for k, v in arrays.items()}, 2
        )
    )
    model = load_flame(file)
    assert model.identity_basis.shape == (300, 5023, 3)
    assert len(model.part("eye_left").faces.unique()) == 546


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("v_template", None, "v_template missing among"),
        ("v_template", np.full((COUNT, 3), np.nan), "expected finite numbers"),
        ("v_template", np.zeros((4, 2)), "shape"),
        ("v_template", np.zeros((COUNT, 3), dtype=complex), "expected numbers"),
        ("shapedirs", np.zeros((7, 3, 300)), "shape"),
        ("posedirs", np.zeros((COUNT, 3, 207)), "shape"),
        ("weights", np.zeros((COUNT, 5)), "sum to 1"),
        ("weights", np.zeros((COUNT, 24)), "shape"),
        ("f", np.array([[0, 1, COUNT]]), "indices from 0 to"),
        ("f", np.array([[0, 1, -1]]), "indices from 0 to"),
        ("f", np.zeros((0, 3), dtype=int), "indices from 0 to"),
        ("f", np.zeros((4, 3)), "expected integers"),
        ("J_regressor", np.zeros((5, COUNT)), "the left eye"),
        ("kintree_table", np.array([[-1, 0, 0, 1, 1], [0, 1, 2, 3, 4]]), "another model"),
        ("kintree_table", np.zeros((2, 24)), "shape"),
    ],
)
def test_arrays_that_are_not_flames_are_named(tmp_path, arrays, name, value, message):
    with pytest.raises(ModelError, match=message):
        load_flame(with_change(tmp_path, arrays, **{name: value}))


def test_a_head_in_millimetres_or_facing_backwards_is_refused(tmp_path, arrays):
    points = arrays["v_template"]
    for changed in (points * 1000, points * [-1, 1, -1]):
        with pytest.raises(ModelError, match="expected the left eye"):
            load_flame(with_change(tmp_path, arrays, v_template=changed))


def test_a_mesh_without_separate_eyeballs_is_refused(tmp_path, arrays):
    faces = arrays["f"]
    joined = np.concatenate([faces, [[0, len(arrays["v_template"]) - 1, 1]]]).astype(np.int64)
    with pytest.raises(ModelError, match="separate eyeball"):
        load_flame(with_change(tmp_path, arrays, f=joined))


@pytest.mark.parametrize("content", [b"", b"\x80\x02", b"PK\x03\x04 not a zip", b"not a model"])
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    file = tmp_path / "flame.pkl"
    file.write_bytes(content)
    with pytest.raises(ModelError):
        load_flame(file)


def test_a_truncated_npz_and_one_with_objects_are_refused(tmp_path, arrays):
    whole = with_change(tmp_path, arrays).read_bytes()
    file = tmp_path / "cut.npz"
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError):
        load_flame(file)
    objects = with_change(tmp_path, arrays, J_regressor=np.array([{}], dtype=object))
    with pytest.raises(ModelError, match="plain arrays"):
        load_flame(objects)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        load_flame(tmp_path / "gone.pkl")
