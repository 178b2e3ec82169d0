from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.ops.rasterize_splats import Gaussians, SplatOptions, rasterize_splats
from tests.ops.splat_scenes import PLAIN, camera, egg, one, picture_and_gradients


def test_the_order_the_splats_are_given_in_does_not_matter(rasterize):
    gaussians, view = egg(200, 60, 6), camera(60, 40)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(1))
    shuffled = Gaussians(**{k: v[order] for k, v in vars(gaussians).items() if v is not None})
    a, b = rasterize(gaussians, view), rasterize(shuffled, view)
    assert torch.equal(a.features, b.features)
    assert torch.equal(a.radii[order], b.radii)


def test_splats_at_one_depth_are_blended_in_the_order_given(rasterize):
    both = one(
        means=torch.zeros(2, 3),
        rotations=torch.tensor([[0.0, 0.0, 0.0, 1.0]]).repeat(2, 1),
        scales=torch.full((2, 3), 0.05),
        opacities=torch.full((2,), 0.5),
        features=torch.eye(2),
    )
    centre = rasterize(both, PLAIN).features[15, 20]
    torch.testing.assert_close(centre, torch.tensor([0.5, 0.25]))


def test_light_is_neither_made_nor_lost(rasterize):
    gaussians = replace(egg(400, 60, 8), features=torch.ones(400, 1))
    picture = rasterize(gaussians, camera(60, 40))
    total = picture.features[..., 0] + picture.transmittance
    assert (total - 1).abs().max() < 2e-5
    assert picture.transmittance.min() >= 0
    assert picture.features.max() <= 1 + 1e-6


@settings(max_examples=15, deadline=None)
@given(right=st.integers(-12, 12), down=st.integers(-5, 5))
def test_moving_the_principal_point_by_whole_pixels_moves_the_picture(right, down):
    # No splat moves beyond the margin around the picture where the projection's slope is cut.
    gaussians, view = egg(150, 64, 6), camera(64, 48)
    shift = torch.tensor([[0, 0, right], [0, 0, down], [0, 0, 0]])
    moved = replace(view, intrinsics=view.intrinsics + shift)
    a = rasterize_splats(gaussians, view).features
    b = rasterize_splats(gaussians, moved).features.roll((-down, -right), (0, 1))
    rows = slice(max(0, -down), 48 - max(0, down))
    columns = slice(max(0, -right), 64 - max(0, right))
    same = (a[rows, columns] - b[rows, columns]).abs()
    # Where rounding moves a pixel over the cut it changes by 1/255 at most.
    assert same.max() < 1 / 255
    assert (same > 1e-5).float().mean() < 1e-3


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(40)))
def test_any_order_of_the_splats_gives_the_same_picture_and_gradients(order):
    gaussians, view = egg(40, 40, 6), camera(40, 30)
    background = torch.full((3,), 0.2)
    shuffled = Gaussians(**{k: v[order] for k, v in vars(gaussians).items() if v is not None})
    picture, slopes = picture_and_gradients(rasterize_splats, gaussians, view, background)
    other, other_slopes = picture_and_gradients(rasterize_splats, shuffled, view, background)
    assert torch.equal(picture.features, other.features)
    assert torch.equal(slopes["means"][order], other_slopes["means"])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 60),
    pixels=st.floats(0.1, 40),
    opacity=st.floats(0, 1, width=32),
)
def test_no_more_light_comes_than_there_is(seed, count, pixels, opacity):
    scene = egg(count, 40, pixels)
    generator = torch.Generator().manual_seed(seed)
    scene = replace(
        scene,
        means=torch.randn(count, 3, generator=generator) * 0.4,
        opacities=torch.full((count,), opacity),
        features=torch.ones(count, 1),
    )
    picture = rasterize_splats(scene, camera(40, 30), torch.ones(1))
    # White before white is white: nothing is made, nothing is lost.
    assert (picture.features - 1).abs().max() < 2e-5
    assert ((picture.transmittance >= 0) & (picture.transmittance <= 1)).all()


def test_an_antialiased_splat_sends_as_much_light_however_small(rasterize):
    sums = []
    for scale in (0.02, 0.01, 0.005):
        gaussians = one(scales=torch.full((1, 3), scale), opacities=torch.tensor([0.99]))
        picture = rasterize(gaussians, PLAIN, options=SplatOptions(antialiased=True))
        sums.append((1 - picture.transmittance).sum().item() / scale**2)
    # Up to what the cut at 1/255 takes away from the small one's rim.
    assert sums[1] == pytest.approx(sums[0], rel=0.02)
    assert sums[2] == pytest.approx(sums[0], rel=0.06)


def test_threads_do_not_change_a_single_bit():
    gaussians, view = egg(500, 90, 5, 4, 4), camera(90, 70)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append(picture_and_gradients(rasterize_splats, gaussians, view, torch.ones(7)))
    torch.set_num_threads(before)
    for picture, slopes in results[1:]:
        assert torch.equal(picture.features, results[0][0].features)
        for name, slope in slopes.items():
            assert torch.equal(slope, results[0][1][name]), name


def test_memory_layout_and_strides_of_the_input_do_not_matter():
    gaussians, view = egg(60, 40, 6), camera(40, 30)
    strided = Gaussians(
        **{
            name: value.transpose(0, -1).contiguous().transpose(0, -1)
            for name, value in vars(gaussians).items()
            if value is not None
        }
    )
    assert not strided.means.is_contiguous()
    a, b = rasterize_splats(gaussians, view), rasterize_splats(strided, view)
    assert torch.equal(a.features, b.features)
