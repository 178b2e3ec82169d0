"""ICT-FaceKit's own files become a head model, and what is wrong with them is said."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.core.errors import ModelError
from avatar.head.ict.load import load_ict
from avatar.head.ict.source import read_ict
from avatar.head.model import HeadModel

MILLIMETRE = 1e-3


@pytest.fixture(scope="module")
def archive(inputs) -> Path:
    return inputs / "models" / "ict_facekit.tar.xz"


@pytest.fixture(scope="module")
def folder(archive, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("ict")
    with tarfile.open(archive) as file:
        file.extractall(target, filter="data")
    return target


@pytest.fixture(scope="module")
def ict(archive) -> HeadModel:
    return load_ict(archive)


def vertices_of(model: HeadModel, part: str) -> torch.Tensor:
    return model.part(part).faces.unique()


def moved(model: HeadModel, name: str, part: str = "skin") -> torch.Tensor:
    """Return how far each vertex of a part goes with a coefficient, metres."""
    return model.expression_basis[ARKIT_INDEX[name]][vertices_of(model, part)].norm(dim=1)


def test_the_head_is_in_metres_upright_and_looks_along_z(ict):
    low, high = ict.template.amin(0), ict.template.amax(0)
    assert 0.20 < float(high[0] - low[0]) < 0.30
    assert 0.30 < float(high[1] - low[1]) < 0.40
    nose = ict.landmarks68.on(ict.template)[30]
    assert nose[2] == pytest.approx(float(high[2]), abs=2 * MILLIMETRE)
    assert nose[1] < 0


def test_the_origin_lies_midway_between_the_eyes_and_left_is_positive_x(ict):
    joints = ict.joint_regressor @ ict.template
    left, right = joints[ict.joint_names.index("eye_left")], joints[-1]
    assert torch.allclose(left + right, torch.zeros(3), atol=1e-6)
    assert 0.055 < float(left[0] - right[0]) < 0.070


def test_landmarks_follow_the_ibug_order(ict):
    points = ict.landmarks68.on(ict.template)
    assert (points[:8, 0] < 0).all()
    assert (points[9:17, 0] > 0).all()
    assert points[36:42, 0].max() < points[42:48, 0].min()
    assert points[57, 1] < points[51, 1] < points[33, 1] < points[27, 1]


def test_dense_landmarks_agree_with_the_documented_ones(ict):
    """Eye and mouth corners are the same points in both sets."""
    sparse, dense = ict.landmarks68.on(ict.template), ict.landmarks478.on(ict.template)
    pairs = {36: 33, 39: 133, 42: 362, 45: 263, 48: 61, 54: 291}
    for ibug, row in pairs.items():
        assert (sparse[ibug] - dense[row]).norm() < 4 * MILLIMETRE


def test_irises_lie_on_the_eyeballs_in_front(ict):
    dense = ict.landmarks478
    for rows, part in ((range(468, 473), "eye_right"), (range(473, 478), "eye_left")):
        assert set(dense.corners[list(rows)].flatten().tolist()) <= set(
            vertices_of(ict, part).tolist()
        )
    assert (dense.on(ict.template)[468:, 2] > 0.005).all()


def test_identity_modes_come_largest_first_with_their_deviations(ict):
    assert ict.identity_size == 10
    assert (ict.identity_deviations.diff() <= 0).all()
    # The parts left out carry a share of each mode.
    norms = ict.identity_basis.flatten(1).norm(dim=1)
    assert torch.allclose(norms, ict.identity_deviations, rtol=1e-4)


def test_every_arkit_shape_but_tongue_out_moves_something(ict):
    still = [
        name
        for row, name in enumerate(ARKIT_NAMES)
        if ict.expression_basis[row].norm(dim=1).max() < MILLIMETRE
    ]
    assert still == ["tongueOut"]


@pytest.mark.parametrize(
    "name", ["eyeBlinkLeft", "mouthSmileLeft", "browDownLeft", "cheekSquintLeft"]
)
def test_left_shapes_move_the_left_side_and_mirror_the_right_ones(ict, name):
    left = ict.expression_basis[ARKIT_INDEX[name]]
    right = ict.expression_basis[ARKIT_INDEX[name.replace("Left", "Right")]]
    most = left.norm(dim=1).argmax()
    assert ict.template[most, 0] > 0
    flipped = right[ict.mirror] * torch.tensor([-1.0, 1.0, 1.0])
    assert (left - flipped).norm(dim=1).mean() < 0.1 * MILLIMETRE


def test_both_halves_of_a_split_shape_are_taken(ict):
    raised = moved(ict, "browInnerUp")
    skin = ict.template[vertices_of(ict, "skin")]
    assert raised[skin[:, 0] > 0.01].max() > 2 * MILLIMETRE
    assert raised[skin[:, 0] < -0.01].max() > 2 * MILLIMETRE


def test_directions_are_not_mistaken_for_sides(ict):
    row = ict.expression_basis[ARKIT_INDEX["jawLeft"]]
    assert row[row.norm(dim=1).argmax(), 0] > 3 * MILLIMETRE


def test_opening_the_jaw_takes_the_lower_teeth_along_and_leaves_the_upper(ict):
    assert moved(ict, "jawOpen", "teeth_lower").min() > 5 * MILLIMETRE
    assert moved(ict, "jawOpen", "teeth_upper").max() < 0.1 * MILLIMETRE


def test_looks_turn_the_eyeball_about_its_joint(ict):
    ball = vertices_of(ict, "eye_left")
    centre = (ict.joint_regressor @ ict.template)[ict.joint_names.index("eye_left")]
    turned = ict.template + ict.expression_basis[ARKIT_INDEX["eyeLookOutLeft"]]
    before = (ict.template[ball] - centre).norm(dim=1)
    assert torch.allclose((turned[ball] - centre).norm(dim=1), before, atol=1e-5)
    front = ball[ict.template[ball, 2].argmax()]
    assert turned[front, 0] - ict.template[front, 0] > 5 * MILLIMETRE


def test_skinning_weights_sum_to_one_and_parts_hang_on_their_joints(ict):
    assert torch.allclose(ict.skin_weights.sum(1), torch.ones(len(ict.template)))
    left = ict.joint_names.index("eye_left")
    assert (ict.skin_weights[vertices_of(ict, "eye_left"), left] == 1).all()
    head = ict.joint_names.index("head")
    chin, crown = ict.landmarks68.corners[8, 0], ict.template[:, 1].argmax()
    lowest = ict.template[:, 1].argmin()
    assert ict.skin_weights[chin, head] > 0.95
    assert ict.skin_weights[crown, head] == 1
    assert ict.skin_weights[lowest, head] == 0


def test_texture_coordinates_fill_one_tile_without_flips(ict):
    assert ict.uvs.min() >= 0
    assert ict.uvs.max() <= 1
    a, b, c = ict.uvs[ict.part("skin").uv_faces].unbind(1)
    areas = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    # v runs down, so faces that are counter-clockwise in space are clockwise in the texture.
    assert (areas < 1e-9).float().mean() > 0.99


def test_regions_lie_where_their_names_say(ict):
    template, landmarks = ict.template, ict.landmarks68.on(ict.template)
    assert (template[ict.region("nose")].mean(0) - landmarks[30]).norm() < 0.03
    assert (template[ict.region("lips")].mean(0) - landmarks[48:60].mean(0)).norm() < 0.012
    assert template[ict.region("scalp")][:, 1].mean() > 0.04
    assert not (ict.region("mouth_interior") & ict.region("lips")).any()


def test_a_folder_and_its_archive_give_the_same_arrays(archive, folder):
    one, other = read_ict(archive), read_ict(folder)
    for name in ("neutral", "uvs", "faces", "identity", "expressions", "landmarks68"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_a_missing_path_is_said(tmp_path):
    with pytest.raises(ModelError, match="no such file or folder"):
        load_ict(tmp_path / "nowhere")


def test_a_folder_without_the_model_is_said(tmp_path):
    (tmp_path / "notes.obj").write_text("v 0 0 0\n")
    with pytest.raises(ModelError, match=r"generic_neutral_mesh.*FaceXModel"):
        read_ict(tmp_path)


def test_a_file_that_is_no_archive_is_said(tmp_path):
    path = tmp_path / "ict.tar.xz"
    path.write_bytes(b"not an archive")
    with pytest.raises(ModelError, match="cannot be read"):
        read_ict(path)


def test_a_truncated_archive_is_said(archive, tmp_path):
    path = tmp_path / "ict.tar.xz"
    path.write_bytes(archive.read_bytes()[:100_000])
    with pytest.raises(ModelError):
        read_ict(path)


@pytest.fixture
def small_folder(folder, tmp_path) -> Path:
    """Link the model's files into a folder of the test's own, to spoil one of them."""
    target = tmp_path / "FaceXModel"
    target.mkdir()
    for file in folder.rglob("*"):
        if file.suffix in (".obj", ".json"):
            (target / file.name).symlink_to(file)
    return target


def replace_file(folder: Path, name: str, text: str) -> None:
    (folder / name).unlink()
    (folder / name).write_text(text)


def test_a_missing_identity_mode_is_named(small_folder):
    (small_folder / "identity004.obj").unlink()
    with pytest.raises(ModelError, match="identity004"):
        read_ict(small_folder)


def test_a_missing_expression_is_named(small_folder):
    (small_folder / "jawOpen.obj").unlink()
    with pytest.raises(ModelError, match="jawOpen"):
        read_ict(small_folder)


def test_a_mesh_of_another_vertex_count_is_refused(small_folder):
    replace_file(small_folder, "identity001.obj", "v 0 0 0\nv 1 1 1\n")
    with pytest.raises(ModelError, match=r"identity001: expected 26719 vertices, got 2"):
        read_ict(small_folder)


def test_numbers_that_are_none_are_refused(small_folder):
    text = (small_folder / "identity001.obj").read_text()
    first = text.index("\nv ") + 1
    end = text.index("\n", first)
    replace_file(small_folder, "identity001.obj", f"{text[:first]}v nan 0 0{text[end:]}")
    with pytest.raises(ModelError, match="not finite"):
        read_ict(small_folder)


def test_damaged_indices_are_refused(small_folder):
    replace_file(small_folder, "vertex_indices.json", json.dumps({"expressions": ["jawOpen"]}))
    with pytest.raises(ModelError, match="damaged"):
        read_ict(small_folder)
