"""The main job, on the portrait that comes with scikit-image and on real photos."""

import json
import math
from pathlib import Path

import pytest
import torch

from avatar.core.arkit import ARKIT_NAMES
from avatar.core.errors import FaceNotFoundError, OptionError
from avatar.create.demo import demo_photo
from avatar.create.options import ReconstructOptions
from avatar.create.reconstruct import Reconstruction, reconstruct, reconstruct_with_evidence

QUICK = ReconstructOptions(texture_size=256)


@pytest.fixture(scope="module")
def demo() -> Reconstruction:
    return reconstruct_with_evidence(demo_photo(), QUICK)


def test_the_report_is_json_and_complete(demo: Reconstruction):
    report = json.loads(json.dumps(demo.avatar.report))
    photo = report["photos"][0]
    assert set(photo["coefficients"]) == set(ARKIT_NAMES)
    assert all(0 <= weight <= 1 for weight in photo["coefficients"].values())
    assert len(report["head"]["landmarks68"]) == 68
    assert photo["landmark_residual"]["percent_of_inter_iris_distance"] < 2
    assert 0.5 < photo["visibility"] <= 1
    assert report["timings_seconds"]


def test_a_frontal_portrait_is_seen_as_frontal(demo: Reconstruction):
    pose = demo.avatar.report["photos"][0]["head_pose"]
    assert abs(pose["yaw_degrees"]) < 15
    assert abs(pose["roll_degrees"]) < 15
    assert 0.2 < pose["distance"] < 10


def test_the_head_has_the_size_of_an_adults(demo: Reconstruction):
    distance = demo.avatar.report["head"]["metric_scale"]["inter_pupillary_distance"]
    assert 0.052 < distance < 0.074


def test_the_base_mesh_is_neutral_and_the_smile_is_in_the_coefficients(demo: Reconstruction):
    photo = demo.fit.photos[0]
    smile = [ARKIT_NAMES.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    assert float(photo.expression[smile].mean()) > 0.2
    assert not torch.equal(demo.avatar.mesh.vertices, demo.fit.posed_vertices(0))


def test_blinking_moves_the_lids_and_only_them(demo: Reconstruction):
    weights = torch.zeros(52)
    weights[ARKIT_NAMES.index("eyeBlinkLeft")] = 1
    moved = (demo.avatar.pose(weights) - demo.avatar.mesh.vertices).norm(dim=-1)
    places = demo.avatar.mesh.vertices[moved > 1e-3]
    assert len(places) > 20
    assert float(places[:, 0].min()) > 0


def test_every_material_the_mesh_names_exists(demo: Reconstruction):
    for part in demo.avatar.mesh.parts:
        assert demo.avatar.material(part.material).name == part.material


def test_a_saved_avatar_comes_back(demo: Reconstruction, tmp_path: Path):
    demo.avatar.save(tmp_path / "demo.avatar")
    again = type(demo.avatar).load(tmp_path / "demo.avatar")
    torch.testing.assert_close(again.mesh.vertices, demo.avatar.mesh.vertices)
    torch.testing.assert_close(again.rig.morphs, demo.avatar.rig.morphs, atol=1e-6, rtol=1e-3)
    assert again.report["head"]["model"] == demo.avatar.report["head"]["model"]


def test_no_photo_is_an_error():
    with pytest.raises(OptionError, match="at least one photo"):
        reconstruct([])


def test_an_absurd_texture_size_is_refused_before_the_work():
    with pytest.raises(OptionError, match="texture_size"):
        reconstruct(demo_photo(), ReconstructOptions(texture_size=7))


def test_three_photos_share_one_head(inputs: Path):
    photos = [inputs / "photos" / "woman10" / f"{number:04d}.jpg" for number in (1, 2, 3)]
    result = reconstruct_with_evidence(photos, QUICK)
    report = result.avatar.report
    yaws = [photo["head_pose"]["yaw_degrees"] for photo in report["photos"]]
    assert abs(yaws[0]) < 12
    assert math.copysign(1, yaws[1]) != math.copysign(1, yaws[2])
    assert report["warnings"] == []


@pytest.mark.parametrize(
    "pair", [("biden.jpg", "astronaut.png"), ("obama.jpg", "woman10/0001.jpg")]
)
def test_photos_of_two_people_are_told(inputs: Path, pair: tuple[str, str]):
    photos = [inputs / "photos" / name for name in pair]
    report = reconstruct(photos, QUICK).report
    assert any("different people" in warning for warning in report["warnings"])


def test_a_face_cut_by_the_border_is_told(inputs: Path):
    report = reconstruct(inputs / "photos" / "partial_face.jpg", QUICK).report
    assert any("cuts off" in warning for warning in report["warnings"])


def test_the_second_face_of_a_picture_can_be_chosen(inputs: Path):
    photo = inputs / "photos" / "two_people.jpg"
    first = reconstruct_with_evidence(photo, QUICK).observations[0]
    options = ReconstructOptions(texture_size=256, face=2)
    second = reconstruct_with_evidence(photo, options).observations[0]
    assert float((first.box - second.box).abs().max()) > 20
    with pytest.raises(FaceNotFoundError, match=r"two_people\.jpg"):
        reconstruct(photo, ReconstructOptions(texture_size=256, face=9))
