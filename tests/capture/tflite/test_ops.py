"""Single operators against their definitions."""

import struct

import pytest
import torch

from avatar.capture.tflite.custom_ops import (
    CUSTOM,
    transform_landmarks,
    transposed_convolution_with_bias,
)
from avatar.capture.tflite.graph import Operator, read_graph
from avatar.capture.tflite.ops import BUILTIN, same_padding
from avatar.core.errors import ModelError
from avatar.files.assets import third_party


def operator(**changes) -> Operator:
    values = {"code": 0, "name": "", "inputs": (), "outputs": (), "options": None}
    return Operator(**{**values, "custom_options": b"", **changes})


class Options:
    """Stands in for an options table: field index to number."""

    def __init__(self, **fields: int) -> None:
        self.fields = {int(name[1:]): value for name, value in fields.items()}

    def scalar(self, field: int, code: str, default: int = 0) -> int:
        return self.fields.get(field, default)

    def integers(self, field: int) -> list[int]:
        return []


def built(code: int, **fields: int):
    made = operator(code=code)
    object.__setattr__(made, "options", Options(**fields))
    return BUILTIN[code](made)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [(8, 3, 1, (1, 1)), (8, 3, 2, (0, 1)), (9, 3, 2, (1, 1)), (8, 2, 2, (0, 0)), (7, 2, 2, (0, 1))],
)
def test_same_padding_puts_the_odd_pixel_last(size, kernel, stride, expected):
    assert same_padding(size, kernel, stride) == expected


def test_a_strided_same_convolution_starts_at_the_first_pixel():
    """Kernel 3, stride 2, even size: windows start at pixel 0, the last one reaches outside."""
    x = torch.arange(1.0, 7.0).reshape(1, 1, 6, 1)
    weight = torch.ones(1, 1, 3, 1)
    out = built(3, _0=0, _1=2, _2=1)(x, weight, torch.zeros(1))
    assert out.flatten().tolist() == [6.0, 12.0, 11.0]


def test_a_pointwise_convolution_is_a_matrix_product():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, 4, 5, generator=generator)
    weight = torch.rand(7, 1, 1, 5, generator=generator)
    out = built(3, _0=0, _1=1, _2=1)(x, weight, torch.zeros(7))
    torch.testing.assert_close(out, torch.einsum("bhwc,oc->bhwo", x, weight[:, 0, 0]))


def test_depth_to_space_unfolds_rows_of_blocks():
    x = torch.arange(8.0).reshape(1, 1, 2, 4)
    out = built(5, _0=2)(x)
    assert out[0, :, :, 0].tolist() == [[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]


def test_padding_amounts_are_rows_of_before_and_after():
    amounts = torch.tensor([[0, 0], [1, 0], [0, 2], [0, 1]])
    assert built(34)(torch.ones(1, 2, 3, 4), amounts).shape == (1, 3, 5, 5)


def test_reshape_keeps_the_batch():
    assert built(22)(torch.zeros(3, 4, 5), torch.tensor([1, 20])).shape == (3, 20)


def test_max_pooling_pads_with_nothing():
    x = torch.full((1, 3, 3, 1), -5.0)
    assert built(17, _0=0, _1=2, _2=2, _3=2, _4=2)(x).unique().tolist() == [-5.0]


def test_unknown_variants_are_refused():
    with pytest.raises(ModelError, match="half-pixel"):
        built(23, _2=0, _3=0)
    with pytest.raises(ModelError, match="activation"):
        built(0, _0=5)


@pytest.fixture(scope="module")
def lip_operators() -> dict[str, Operator]:
    graph = read_graph(third_party("mediapipe/face_landmark_with_attention.tflite"))
    found: dict[str, Operator] = {}
    for made in graph.operators:
        found.setdefault(made.name, made)
    return found


def test_the_crop_around_landmarks_is_level_with_them_and_one_and_a_half_times_as_large(
    lip_operators,
):
    """Put the lips on a tilted rectangle: the corners of the crop follow by hand."""
    step = CUSTOM["Landmarks2TransformMatrix"](lip_operators["Landmarks2TransformMatrix"])
    angle, center = torch.tensor(0.3), torch.tensor([20.0, 30.0])
    axes = torch.stack(
        [torch.stack([angle.cos(), angle.sin()]), torch.stack([-angle.sin(), angle.cos()])]
    )
    local = torch.rand(468, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    local = local * torch.tensor([8.0, 4.0])
    local[61], local[291] = torch.tensor([-8.0, 0.0]), torch.tensor([8.0, 0.0])
    local[0], local[17] = torch.tensor([0.0, -4.0]), torch.tensor([0.0, 4.0])
    points = torch.cat([local @ axes + center, torch.zeros(468, 1)], 1)[None]
    matrix = step(points)
    corners = torch.tensor([[[0.0, 0.0], [16.0, 0.0], [16.0, 16.0], [0.0, 16.0]]])
    placed = transform_landmarks(operator())(corners, matrix)[0]
    wanted = torch.tensor([[-12.0, -6.0], [12.0, -6.0], [12.0, 6.0], [-12.0, 6.0]]) @ axes + center
    torch.testing.assert_close(placed, wanted, atol=1e-4, rtol=0)


def test_sampling_by_the_identity_copies_and_outside_is_zero(lip_operators):
    step = CUSTOM["TransformTensorBilinear"](lip_operators["TransformTensorBilinear"])
    x = torch.rand(2, 48, 48, 3, generator=torch.Generator().manual_seed(0))
    matrix = torch.eye(4).repeat(2, 1, 1)
    torch.testing.assert_close(step(x, matrix), x[:, :16, :16])
    matrix[:, 0, 3] = 40
    moved = step(x, matrix)
    torch.testing.assert_close(moved[:, :, :8], x[:, :16, 40:])
    assert float(moved[:, :, 8:].abs().max()) == 0


def test_a_transposed_convolution_spreads_each_pixel_over_its_block():
    step = transposed_convolution_with_bias(operator(custom_options=struct.pack("<3i", 1, 2, 2)))
    x = torch.tensor([[[[1.0], [10.0]]]])
    weight = torch.tensor([[[[1.0], [2.0]], [[3.0], [4.0]]]])
    out = step(x, weight, torch.tensor([0.5]))
    assert out[0, :, :, 0].tolist() == [[1.5, 2.5, 10.5, 20.5], [3.5, 4.5, 30.5, 40.5]]
