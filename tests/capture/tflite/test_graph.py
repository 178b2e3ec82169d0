"""Model files are read whole, and damaged ones are refused."""

from pathlib import Path

import numpy as np
import pytest

from avatar.capture.tflite.flexbuffer import read_flexbuffer_map
from avatar.capture.tflite.graph import read_graph
from avatar.capture.tflite.network import load_network
from avatar.core.errors import ModelError
from avatar.files.assets import third_party


@pytest.fixture(scope="module")
def mesh_file() -> Path:
    return third_party("mediapipe/face_landmark_with_attention.tflite")


def test_the_mesh_network_names_its_outputs_and_refined_points(mesh_file: Path):
    graph = read_graph(mesh_file)
    assert graph.shapes[graph.inputs[0]] == (1, 192, 192, 3)
    assert graph.output_names[0] == "output_mesh_identity"
    options = [
        read_flexbuffer_map(operator.custom_options)
        for operator in graph.operators
        if operator.name == "Landmarks2TransformMatrix"
    ]
    assert [len(option["subset_idxs"]) for option in options] == [80, 71, 71]
    assert [option["left_rotation_idx"] for option in options] == [61, 33, 362]
    assert all(option["scale_x"] == 1.5 for option in options)


def test_half_precision_and_sparse_weights_become_floats():
    graph = read_graph(third_party("mediapipe/face_detection_full_range_sparse.tflite"))
    weights = [value for value in graph.constants.values() if value.ndim == 4]
    assert all(value.dtype == np.float32 for value in weights)
    empty = [float((value == 0).mean()) for value in weights if value.size > 1000]
    assert max(empty) > 0.5
    assert max(empty) < 0.95


def test_operators_come_after_what_they_need(mesh_file: Path):
    graph = read_graph(mesh_file)
    known = {*graph.constants, *graph.inputs}
    for operator in graph.operators:
        assert {index for index in operator.inputs if index >= 0} <= known
        known |= set(operator.outputs)
    assert set(graph.outputs) <= known


def test_missing_and_foreign_files_are_refused(tmp_path: Path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_graph(tmp_path / "none.tflite")
    (tmp_path / "a.tflite").write_bytes(b"x" * 100)
    with pytest.raises(ModelError, match="not a TensorFlow Lite model"):
        read_graph(tmp_path / "a.tflite")


@pytest.mark.parametrize("kept", [12, 2_000, 400_000, 2_400_000])
def test_a_file_cut_short_is_refused(tmp_path: Path, mesh_file: Path, kept: int):
    (tmp_path / "a.tflite").write_bytes(mesh_file.read_bytes()[:kept])
    with pytest.raises(ModelError, match="model file"):
        load_network(tmp_path / "a.tflite")


def test_unreadable_options_are_refused():
    for data in (b"", b"\x00\x24\x01", b"\xff" * 30):
        with pytest.raises(ModelError):
            read_flexbuffer_map(data)
