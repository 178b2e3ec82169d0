import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.core.errors import OptionError
from avatar.ops.interpolate import PictureSlopes
from avatar.ops.sample_texture import TexturePyramid, sample_texture, sample_texture_reference
from tests.ops.ways import each_way

sample = each_way(sample_texture_reference, sample_texture)


def texture(height: int = 16, width: int = 32, channels: int = 3) -> torch.Tensor:
    return torch.rand(height, width, channels, generator=torch.Generator().manual_seed(height))


def places(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(rows, columns, 2, generator=generator) * 1.8 - 0.4


def test_texel_centres_give_texels_and_the_first_is_upper_left(sample):
    texels = texture(4, 8)
    y, x = torch.meshgrid(torch.arange(4), torch.arange(8), indexing="ij")
    uvs = torch.stack([(x + 0.5) / 8, (y + 0.5) / 4], -1)
    torch.testing.assert_close(sample(texels, uvs), texels)


def test_between_texels_it_is_their_mean(sample):
    texels = texture(4, 4)
    picture = sample(texels, torch.tensor([[[0.5, 0.25]]]))
    torch.testing.assert_close(picture[0, 0], texels[0:2, 1:3].mean((0, 1)))


def test_beyond_the_texture_is_its_rim_or_the_texture_again(sample):
    texels = texture(4, 4)
    uvs = torch.tensor([[[-0.7, 0.375], [0.375, 2.625], [1.125, -0.875]]])
    clamped = sample(texels, uvs)[0]
    torch.testing.assert_close(clamped, texels[[1, 3, 0], [0, 1, 3]])
    repeated = sample(texels, uvs, wrap="repeat")[0]
    torch.testing.assert_close(repeated[1:], texels[[2, 0], [1, 0]])


def test_levels_are_blended_and_cut_to_those_there_are(sample):
    pyramid = TexturePyramid.build(texture(8, 8))
    assert [tuple(level.shape[:2]) for level in pyramid.levels] == [(8, 8), (4, 4), (2, 2), (1, 1)]
    uvs = places(1, 6)
    lods = torch.tensor([[0.0, 1.0, 1.25, 3.0, 99.0, -4.0]])
    picture = sample(pyramid, uvs, lods)[0]
    each = torch.stack([sample(level, uvs)[0] for level in pyramid.levels])
    expected = [
        each[0, 0],
        each[1, 1],
        0.75 * each[1, 2] + 0.25 * each[2, 2],
        each[3, 3],
        each[3, 4],
        each[0, 5],
    ]
    torch.testing.assert_close(picture, torch.stack(expected))


def test_a_pyramid_ends_in_a_single_texel_whatever_its_sides():
    sizes = [tuple(level.shape[:2]) for level in TexturePyramid.build(texture(12, 5)).levels]
    assert sizes == [(12, 5), (6, 3), (3, 2), (2, 1), (1, 1)]


def test_at_an_odd_side_the_last_texels_stand_for_what_is_missing():
    texels = texture(2, 3)
    half = TexturePyramid.build(texels).levels[1]
    torch.testing.assert_close(
        half[0], torch.stack([texels[:, :2].mean((0, 1)), texels[:, 2].mean(0)])
    )


def test_the_level_is_that_of_a_texel_a_pixel():
    pyramid = TexturePyramid.build(texture(64, 64))
    step = torch.zeros(1, 1, 2)
    for texels, level in ((1.0, 0.0), (4.0, 2.0), (8.0, 3.0)):
        along = step + torch.tensor([texels / 64, 0.0])
        lods = pyramid.lods(PictureSlopes(by_x=along, by_y=step + 0.3 / 64))
        assert lods.item() == pytest.approx(level, abs=1e-5)


@pytest.mark.parametrize("wrap", ["clamp", "repeat"])
@pytest.mark.parametrize("with_levels", [False, True])
def test_values_and_gradients_agree_with_the_reference_in_double(sample, wrap, with_levels):
    texels, uvs = texture().requires_grad_(), places(20, 21).requires_grad_()
    lods = torch.rand(20, 21, generator=torch.Generator().manual_seed(1)) * 7 - 1.5
    weights = torch.randn(20, 21, 3, generator=torch.Generator().manual_seed(2))
    ours = sample(TexturePyramid.build(texels), uvs, lods if with_levels else None, wrap)
    slopes = torch.autograd.grad(ours, (texels, uvs), weights)
    exact = [leaf.detach().double().requires_grad_() for leaf in (texels, uvs)]
    theirs = sample_texture_reference(
        TexturePyramid.build(exact[0]), exact[1], lods.double() if with_levels else None, wrap
    )
    true_slopes = torch.autograd.grad(theirs, exact, weights.double())
    assert (ours - theirs).abs().max() < 1e-5
    for slope, true_slope in zip(slopes, true_slopes, strict=True):
        assert (slope - true_slope).norm() < 1e-4 * true_slope.norm()


def test_gradients_of_the_reference_are_those_of_finite_differences():
    # Places a tenth of a texel or more from where one texel gives way to the next: there the
    # slope jumps.
    texels = texture(4, 4, 2).double().requires_grad_()
    fractions = torch.rand(3, 3, 2, generator=torch.Generator().manual_seed(4)) * 0.8 + 0.1
    cells = torch.randint(-1, 4, (3, 3, 2), generator=torch.Generator().manual_seed(5))
    uvs = ((cells + fractions + 0.5) / 4).double().requires_grad_()
    assert torch.autograd.gradcheck(sample_texture_reference, (texels, uvs))


def test_a_gradient_for_one_of_the_two_alone():
    texels, uvs = texture(), places(5, 6)
    by_uvs = torch.autograd.grad(sample_texture(texels, uvs.requires_grad_()).sum(), uvs)
    assert by_uvs[0].norm() > 0
    texels.requires_grad_()
    by_texels = torch.autograd.grad(sample_texture(texels, uvs.detach()).sum(), texels)
    assert by_texels[0].sum().item() == pytest.approx(90, rel=1e-5)


def test_threads_do_not_change_a_single_bit():
    texels, uvs = texture(64, 64).requires_grad_(), places(80, 90)
    before = torch.get_num_threads()
    slopes = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        slopes.append(torch.autograd.grad(sample_texture(texels, uvs).square().sum(), texels)[0])
    torch.set_num_threads(before)
    assert torch.equal(slopes[0], slopes[1])
    assert torch.equal(slopes[0], slopes[2])


def test_the_custom_op_is_one_by_torchs_own_check():
    levels = [level.requires_grad_() for level in TexturePyramid.build(texture(8, 8)).levels]
    arguments = (levels, places(4, 5).requires_grad_(), torch.rand(4, 5), False)
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    op = torch.ops.avatar.sample_texture.default
    torch.library.opcheck(op, arguments, test_utils=checks)


@settings(max_examples=60, deadline=None)
@given(st.floats(width=32), st.floats(width=32), st.floats(width=32), st.booleans())
def test_any_coordinates_give_a_finite_picture(u, v, lod, repeat):
    pyramid = TexturePyramid.build(texture(8, 8))
    uvs, lods = torch.tensor([[[u, v]]]), torch.tensor([[lod]])
    picture = sample_texture(pyramid, uvs, lods, "repeat" if repeat else "clamp")
    assert picture.isfinite().all()
    if not (abs(u) < 1e9 and abs(v) < 1e9):
        assert (picture == 0).all()


def test_a_picture_without_pixels_is_empty(sample):
    assert sample(texture(), torch.zeros(0, 5, 2)).shape == (0, 5, 3)


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"texture": torch.zeros(4, 4)}, "texture"),
        ({"texture": torch.zeros(0, 4, 3)}, "texture"),
        ({"uvs": torch.zeros(4, 4, 3)}, "uvs"),
        ({"uvs": torch.zeros(4, 4, 2).double()}, "uvs"),
        ({"lods": torch.zeros(4, 5)}, "lods"),
        ({"wrap": "mirror"}, "wrap"),
    ],
)
def test_arguments_that_make_no_sense_are_named(change, argument):
    call = {"texture": texture(), "uvs": torch.zeros(4, 4, 2), "lods": None, "wrap": "clamp"}
    with pytest.raises(OptionError, match=argument):
        unchecked(sample_texture)(**call | change)


def unchecked(function):
    """Return a function without the checks of shapes that only the tests switch on."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def test_texture_far_away_is_its_mean(sample):
    pyramid = TexturePyramid.build(texture(16, 16))
    picture = sample(pyramid, places(3, 3), torch.full((3, 3), math.inf))
    expected = pyramid.levels[0].mean((0, 1)).expand(3, 3, 3)
    torch.testing.assert_close(picture, expected)
