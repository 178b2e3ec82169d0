import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from avatar.core.errors import OptionError
from avatar.ops.image_loss import image_loss, image_loss_reference
from tests.ops.ways import each_way

loss = each_way(image_loss_reference, image_loss)


def pictures(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.rand(*shape, generator=generator), torch.rand(*shape, generator=generator)


def test_equal_pictures_differ_by_nothing(loss):
    picture, _ = pictures(20, 30, 3)
    assert loss(picture, picture.clone()).item() == pytest.approx(0, abs=1e-6)


def test_without_similarity_it_is_the_mean_difference(loss):
    picture, target = pictures(20, 30, 3)
    expected = (picture - target).abs().mean().item()
    assert loss(picture, target, 0.0).item() == pytest.approx(expected, rel=1e-5)


def test_similarity_is_that_of_another_implementation(loss):
    # scikit-image mirrors the picture at its rim: so we give it one with a rim of zeros.
    picture, target = pictures(40, 37, 1)
    wide, wide_target = (
        torch.nn.functional.pad(part[..., 0], (12, 12, 12, 12)).double().numpy()
        for part in (picture, target)
    )
    _, similarity = structural_similarity(
        wide,
        wide_target,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    expected = 1 - similarity[12:-12, 12:-12].mean()
    assert loss(picture, target, 1.0).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", [(70, 53, 3), (33, 64, 1), (5, 4, 2), (1, 1, 1), (1, 40, 3)])
def test_value_and_gradient_agree_with_the_reference_in_double(loss, shape):
    picture, target = pictures(*shape)
    picture.requires_grad_()
    exact = picture.detach().double().requires_grad_()
    ours, theirs = loss(picture, target, 0.3), image_loss_reference(exact, target.double(), 0.3)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    (slope,) = torch.autograd.grad(ours * 2, picture)
    (true_slope,) = torch.autograd.grad(theirs * 2, exact)
    assert (slope - true_slope).norm() < 1e-4 * true_slope.norm()


def test_gradients_of_the_reference_are_those_of_finite_differences():
    # Targets well apart from the pictures, where the absolute value has no corner.
    picture, target = pictures(7, 6, 2)
    picture = (picture * 0.4).double().requires_grad_()
    target = (target * 0.4 + 0.5).double().requires_grad_()
    assert torch.autograd.gradcheck(image_loss_reference, (picture, target))


def test_planes_apart_and_channels_together_give_the_same(loss):
    picture, target = pictures(20, 30, 3)
    planes = picture.permute(2, 0, 1).contiguous().permute(1, 2, 0).requires_grad_()
    together = picture.clone().requires_grad_()
    a, b = loss(planes, target), loss(together, target)
    assert a.item() == pytest.approx(b.item(), rel=1e-6)
    slopes = torch.autograd.grad(a, planes)[0], torch.autograd.grad(b, together)[0]
    torch.testing.assert_close(*slopes)


def test_gradients_reach_the_target_too():
    picture, target = pictures(12, 13, 1)
    (slope,) = torch.autograd.grad(image_loss(picture, target.requires_grad_()), target)
    assert slope.norm() > 0


def test_threads_do_not_change_a_single_bit():
    picture, target = pictures(90, 70, 3)
    picture.requires_grad_()
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        value = image_loss(picture, target)
        results.append((value.detach(), torch.autograd.grad(value, picture)[0]))
    torch.set_num_threads(before)
    for value, slope in results[1:]:
        assert value == results[0][0]
        assert torch.equal(slope, results[0][1])


def test_the_custom_op_is_one_by_torchs_own_check():
    picture, target = (part.permute(2, 0, 1).contiguous() for part in pictures(12, 13, 2))
    picture.requires_grad_()
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    op = torch.ops.avatar.image_loss.default
    torch.library.opcheck(op, (picture, target, 0.2, True), test_utils=checks)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(0, 1, width=32),
    st.floats(0, 1, width=32),
)
def test_flat_pictures_of_any_size_and_value_agree_with_the_reference(height, width, a, b):
    picture, target = torch.full((height, width, 1), a), torch.full((height, width, 1), b)
    exact = image_loss_reference(picture.double(), target.double(), 0.5).item()
    assert image_loss(picture, target, 0.5).item() == pytest.approx(exact, rel=1e-3, abs=1e-4)


def test_what_is_not_finite_shows_in_the_value(loss):
    picture, target = pictures(20, 30, 3)
    picture[3, 4, 1] = math.nan
    assert loss(picture, target).isnan()


@pytest.mark.parametrize(
    ("picture", "target", "weight", "argument"),
    [
        (torch.zeros(4, 4, 3), torch.zeros(4, 5, 3), 0.2, "target"),
        (torch.zeros(4, 4, 3), torch.zeros(4, 4, 3).double(), 0.2, "target"),
        (torch.zeros(0, 4, 3), torch.zeros(0, 4, 3), 0.2, "picture"),
        (torch.zeros(4, 4, 3), torch.zeros(4, 4, 3), 1.5, "ssim_weight"),
        (torch.zeros(4, 4, 3), torch.zeros(4, 4, 3), math.nan, "ssim_weight"),
    ],
)
def test_arguments_that_make_no_sense_are_named(picture, target, weight, argument):
    with pytest.raises(OptionError, match=argument):
        getattr(image_loss, "__wrapped__", image_loss)(picture, target, weight)
