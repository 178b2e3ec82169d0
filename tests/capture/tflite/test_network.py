"""The networks run in torch give what their official runtimes give.

The reference numbers were measured with ai-edge-litert 2 (detectors, segmentation) and with
mediapipe 0.10.21 (mesh), on the inputs made here.
"""

import math

import numpy as np
import pytest
import skimage.data
import torch

from avatar.capture.crop import Crop, Pyramid
from avatar.capture.mesh import trace_mesh
from avatar.capture.networks import face_networks
from avatar.capture.observation import Photo
from avatar.capture.tflite.network import load_network, one_thread
from avatar.files.assets import third_party

SHORT_RANGE = (
    [0.48355, -7.79167, -1.71587, -1.26821, -11.68228, 8.35831, -19.13305],
    [-5.37324, -2.7491, -4.77894, -3.93932, -3.16827, -2.69215, -11.77769],
)
FULL_RANGE = (
    [-4.53318, -1.2386, -3.37856, -1.67509, -2.51755, 10.21597, -7.71516],
    [-8.46451, -8.42917, -8.79669, -6.07579, -5.86793, -13.52553, -28.61022],
)


def picture(size: int) -> torch.Tensor:
    rows, columns = np.mgrid[0:size, 0:size] / size
    channels = [
        0.5 + 0.5 * np.sin(9 * rows + 4 * columns + k) * np.cos(3 * rows - 7 * columns)
        for k in range(3)
    ]
    return torch.from_numpy(np.stack(channels, -1)[None].astype(np.float32))


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("face_detection_short_range", 128, SHORT_RANGE),
        ("face_detection_full_range_sparse", 192, FULL_RANGE),
    ],
)
def test_detectors_agree_with_the_official_runtime(name: str, size: int, expected):
    outputs = load_network(third_party(f"mediapipe/{name}.tflite"))(picture(size))
    for output, values in zip(outputs, expected, strict=True):
        flat = output.flatten()
        places = torch.from_numpy(np.linspace(0, len(flat) - 1, 7).astype(int))
        torch.testing.assert_close(flat[places], torch.tensor(values), atol=2e-4, rtol=0)


def test_the_segmentation_agrees_with_the_official_runtime():
    portrait = torch.from_numpy(skimage.data.astronaut()).float()[None] / 255
    reduced = portrait.reshape(1, 256, 2, 256, 2, 3).mean((2, 4))
    (mask,) = load_network(third_party("mediapipe/selfie_segmentation.tflite"))(reduced)
    assert float(mask.mean()) == pytest.approx(0.54435, abs=2e-4)
    hair, chest, sky = mask[0, 30, 112, 0], mask[0, 200, 40, 0], mask[0, 20, 60, 0]
    assert (float(hair), float(chest), float(sky)) == pytest.approx((1, 1, 0), abs=1e-3)


RECT = (225.23746, 130.54329, 143.01634, 0.094389)
"""Centre, side (pixels from the corner of the picture) and rotation of mediapipe's own crop."""

LANDMARKS = {
    1: (223.448, 130.016, -22.877),
    10: (226.26, 71.687, -10.589),
    33: (195.213, 100.923, 4.531),
    133: (213.346, 103.713, 1.067),
    152: (221.266, 177.445, 7.536),
    159: (202.833, 97.598, -1.168),
    145: (203.434, 104.321, 0.04),
    263: (255.758, 104.283, 3.99),
    362: (237.026, 104.937, 0.829),
    61: (201.809, 139.216, 7.533),
    291: (244.991, 140.987, 7.073),
    13: (223.482, 143.24, -5.733),
    14: (222.957, 150.083, -3.41),
    234: (179.371, 109.955, 41.327),
    454: (270.22, 115.459, 40.253),
    468: (203.478, 101.1, 0.91),
    469: (207.597, 101.287, 0.91),
    473: (246.585, 103.47, 0.518),
    474: (250.673, 103.588, 0.518),
}


def test_the_mesh_agrees_with_mediapipe_on_its_own_crop(portrait: Photo):
    """Mediapipe samples crop pixel i at x0 + i * s, half a pixel off; so does this crop."""
    x, y, side, angle = RECT
    step = side / 192
    right = -0.5 * step * (math.cos(angle) - math.sin(angle))
    down = -0.5 * step * (math.sin(angle) + math.cos(angle))
    crop = Crop(center_x=x + right, center_y=y + down, side=side, angle=angle)
    networks = face_networks(torch.device("cpu"))
    points = trace_mesh(Pyramid(portrait.pixels), networks, [crop], [False]).points[0]
    points = points - points.new_tensor([right, down, 0.0])
    expected = torch.tensor(list(LANDMARKS.values()))
    errors = (points[list(LANDMARKS)] - expected).abs()
    assert float(errors.mean()) < 0.02
    assert float(errors.max()) < 0.1


def test_a_batch_gives_what_each_picture_gives_alone():
    networks = face_networks(torch.device("cpu"))
    for network in (networks.short_range, networks.mesh):
        size = network.graph.shapes[network.graph.inputs[0]][1]
        pictures = torch.cat([picture(size), picture(size).flip(1) * 0.5])
        together = network(pictures)
        alone = [network(pictures[index : index + 1]) for index in range(2)]
        for index, output in enumerate(together):
            separate = torch.cat([outputs[index] for outputs in alone])
            torch.testing.assert_close(output, separate, atol=2e-3, rtol=1e-4)


def test_one_thread_is_given_back():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_gpu_gives_what_the_cpu_gives():
    cuda = face_networks(torch.device("cuda"))
    for name, network in vars(face_networks(torch.device("cpu"))).items():
        size = network.graph.shapes[network.graph.inputs[0]][1]
        for ours, theirs in zip(
            network(picture(size)), getattr(cuda, name)(picture(size).cuda()), strict=True
        ):
            torch.testing.assert_close(theirs.cpu(), ours, atol=0.05, rtol=1e-3)


def test_inputs_of_a_shape_that_comes_often_give_the_same():
    network = load_network(third_party("mediapipe/face_detection_short_range.tflite"))
    first = network(picture(128))
    for step in range(40):
        network(picture(128) * (step / 40))
    for early, late in zip(first, network(picture(128)), strict=True):
        torch.testing.assert_close(early, late, atol=1e-5, rtol=0)
    assert network(picture(128).repeat(2, 1, 1, 1))[0].shape[0] == 2
