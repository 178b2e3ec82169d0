import torch
from hypothesis import given
from hypothesis import strategies as st

from avatar.core.material import linear_from_srgb, srgb_from_linear


@given(st.floats(0, 1))
def test_srgb_round_trip(value: float):
    linear = linear_from_srgb(torch.tensor(value, dtype=torch.float64))
    assert abs(float(srgb_from_linear(linear)) - value) < 1e-6


def test_middle_grey_is_darker_in_linear_light():
    assert abs(float(linear_from_srgb(torch.tensor(0.5))) - 0.21404) < 1e-4


def test_light_over_one_is_clipped():
    torch.testing.assert_close(srgb_from_linear(torch.tensor([2.0, -1.0])), torch.tensor([1.0, 0]))
