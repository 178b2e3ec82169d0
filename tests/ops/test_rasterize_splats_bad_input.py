import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.core.camera import Camera
from avatar.core.errors import OptionError
from avatar.core.transform import Transform
from avatar.ops.rasterize_splats import Gaussians, SplatOptions, rasterize_splats
from tests.ops.splat_scenes import PLAIN, camera, egg, one, picture_and_gradients


def test_no_splats_show_the_background(rasterize):
    empty = Gaussians(
        means=torch.zeros(0, 3),
        rotations=torch.zeros(0, 4),
        scales=torch.zeros(0, 3),
        opacities=torch.zeros(0),
        features=torch.zeros(0, 2),
    )
    picture, slopes = picture_and_gradients(rasterize, empty, PLAIN, torch.tensor([0.3, 0.6]))
    assert (picture.features == torch.tensor([0.3, 0.6])).all()
    assert (picture.transmittance == 1).all()
    assert (slopes["rotation"] == 0).all()


def test_a_picture_of_one_pixel_works(rasterize):
    view = replace(PLAIN.cropped(20, 15, 1, 1))
    picture = rasterize(one(), view)
    assert picture.features.shape == (1, 1, 3)
    assert picture.transmittance.item() == pytest.approx(0.2, abs=1e-5)


BAD = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize(
    "name", ["means", "rotations", "scales", "opacities", "features", "harmonics", "pixel_offsets"]
)
def test_a_splat_that_is_not_finite_is_left_out_and_harms_no_other(rasterize, name, value):
    gaussians = egg(20, 30, 6, 2, 4)
    broken = getattr(gaussians, name).clone()
    broken[7].view(-1)[-1] = value
    others = [i for i in range(20) if i != 7]
    view, background = camera(30, 24), torch.ones(5)
    without = Gaussians(**{k: v[others] for k, v in vars(gaussians).items()})
    ours, slopes = picture_and_gradients(
        rasterize, replace(gaussians, **{name: broken}), view, background
    )
    theirs, true_slopes = picture_and_gradients(rasterize, without, view, background)
    torch.testing.assert_close(ours.features, theirs.features)
    assert ours.radii[7] == 0
    for key in vars(gaussians):
        assert (slopes[key][7] == 0).all(), key
        torch.testing.assert_close(slopes[key][others], true_slopes[key], rtol=1e-4, atol=1e-4)
    assert slopes["rotation"].isfinite().all()


@pytest.mark.parametrize("depth", [-3.0, -1.0, -1.0 + 0.005])
def test_splats_behind_the_camera_or_at_it_are_left_out(rasterize, depth):
    picture = rasterize(one(means=torch.tensor([[0.0, 0.0, depth]])), PLAIN)
    assert (picture.transmittance == 1).all()
    assert picture.radii.item() == 0


def test_a_zero_quaternion_leaves_its_splat_out(rasterize):
    assert rasterize(one(rotations=torch.zeros(1, 4)), PLAIN).radii.item() == 0


def test_a_splat_without_extent_is_a_dot_of_the_blur(rasterize):
    picture, slopes = picture_and_gradients(
        rasterize, one(scales=torch.zeros(1, 3)), PLAIN, torch.zeros(3)
    )
    assert picture.transmittance[15, 20].item() == pytest.approx(0.2, abs=1e-5)
    assert picture.radii.item() == math.ceil(math.sqrt(2 * math.log(0.8 * 255) * 0.3))
    assert all(slope.isfinite().all() for slope in slopes.values())


def test_without_blur_a_splat_without_extent_is_not_drawn(rasterize):
    picture = rasterize(one(scales=torch.zeros(1, 3)), PLAIN, options=SplatOptions(blur=0.0))
    assert (picture.transmittance == 1).all()


def test_one_splat_over_a_picture_of_eight_thousand_pixels_a_side():
    view = Camera(
        intrinsics=torch.tensor([[8000.0, 0, 4096], [0, 8000.0, 4096], [0, 0, 1]]),
        camera_from_world=Transform.identity(),
        width=8192,
        height=8192,
    )
    gaussians = one(
        means=torch.tensor([[0.0, 0.0, 1.0]]),
        scales=torch.full((1, 3), 3.0),
        features=torch.ones(1, 1),
    )
    picture = rasterize_splats(gaussians, view)
    assert picture.features[0, 0, 0] > 0.7
    assert picture.features[-1, -1, 0] > 0.7


def test_more_pairs_than_can_be_counted_are_refused_with_a_way_out():
    count = 9000
    view = replace(camera(24, 20), width=8192, height=8192)
    huge = Gaussians(
        means=torch.zeros(count, 3),
        rotations=torch.ones(count, 4),
        scales=torch.full((count, 3), 500.0),
        opacities=torch.ones(count),
        features=torch.zeros(count, 0),
    )
    with pytest.raises(OptionError, match="smaller"):
        rasterize_splats(huge, view)


extreme = st.floats(width=32, allow_nan=True, allow_infinity=True) | st.sampled_from(
    [0.0, 1e-38, -1e-38, 1e-30, 1e30, 3e38, -3e38, 1.0, 0.999, 1 / 255]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(extreme, min_size=26, max_size=26), st.booleans())
def test_any_numbers_give_a_finite_picture_or_leave_the_splat_out(numbers, antialiased):
    values = torch.tensor(numbers, dtype=torch.float32).reshape(2, 13)
    gaussians = Gaussians(
        means=values[:, :3],
        rotations=values[:, 3:7],
        scales=values[:, 7:10],
        opacities=values[:, 10],
        features=values[:, 11:12].clamp(-1e3, 1e3),
        pixel_offsets=values[:, 12:].expand(2, 2),
    )
    options = SplatOptions(antialiased=antialiased)
    picture = rasterize_splats(gaussians, PLAIN, options=options)
    assert picture.features.isfinite().all()
    assert picture.transmittance.isfinite().all()
    assert ((picture.transmittance >= 0) & (picture.transmittance <= 1)).all()
    hidden = picture.radii == 0
    _, slopes = picture_and_gradients(rasterize_splats, gaussians, PLAIN, torch.ones(1), options)
    for name in vars(gaussians):
        if name in slopes:
            assert (slopes[name][hidden] == 0).all(), name


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"means": torch.zeros(1, 2)}, "means"),
        ({"rotations": torch.zeros(1, 3)}, "rotations"),
        ({"scales": torch.zeros(2, 3)}, "scales"),
        ({"opacities": torch.zeros(1, 1)}, "opacities"),
        ({"features": torch.zeros(2, 3)}, "features"),
        ({"harmonics": torch.zeros(1, 5, 3)}, "harmonics"),
        ({"pixel_offsets": torch.zeros(1, 3)}, "pixel_offsets"),
        ({"scales": torch.zeros(1, 3).double()}, "scales"),
        ({"features": torch.zeros(1, 3, device="meta")}, "features"),
        ({"background": torch.zeros(4)}, "background"),
        ({"options": SplatOptions(near=0.0)}, "near"),
        ({"options": SplatOptions(near=math.nan)}, "near"),
        ({"options": SplatOptions(blur=-1.0)}, "blur"),
        ({"camera": replace(PLAIN, width=0)}, "camera"),
        ({"camera": replace(PLAIN, height=1 << 20)}, "camera"),
        ({"camera": replace(PLAIN, intrinsics=-PLAIN.intrinsics)}, "intrinsics"),
    ],
)
def test_arguments_that_make_no_sense_are_named(change, argument):
    call = {"camera": PLAIN, "background": None, "options": None}
    call |= {name: value for name, value in change.items() if name in call}
    splat = {name: value for name, value in change.items() if name not in call}
    gaussians = object.__new__(Gaussians)  # past the shape check that only the tests switch on
    for name, value in (vars(one()) | splat).items():
        object.__setattr__(gaussians, name, value)
    check = rasterize_splats
    with pytest.raises(OptionError, match=argument):
        check(gaussians, call["camera"], call["background"], call["options"])
