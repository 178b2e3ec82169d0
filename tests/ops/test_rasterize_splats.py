import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.core.camera import Camera
from avatar.core.errors import OptionError
from avatar.core.transform import Transform
from avatar.ops.native import native_module
from avatar.ops.rasterize_splats import (
    Gaussians,
    SplatOptions,
    rasterize_splats,
    rasterize_splats_reference,
)
from avatar.ops.rasterize_splats_reference import harmonic_colours
from tests.ops.splat_scenes import camera, converted, egg, one, picture_and_gradients

ROOT = Path(__file__).parents[2]
NATIVE = native_module()
INSTRUCTION_SETS = NATIVE.instruction_sets() if NATIVE else []
PLAIN = Camera(
    intrinsics=torch.tensor([[100.0, 0, 20], [0, 100.0, 15], [0, 0, 1]]),
    camera_from_world=Transform(rotation=torch.eye(3), translation=torch.tensor([0.0, 0.0, 1.0])),
    width=41,
    height=31,
)


@pytest.fixture(params=["reference", *INSTRUCTION_SETS])
def rasterize(request):
    """Every way the op is computed; each test holds for all of them."""
    if request.param == "reference":
        yield rasterize_splats_reference
        return
    before = NATIVE.instruction_set()
    NATIVE.use_instruction_set(request.param)
    yield rasterize_splats
    NATIVE.use_instruction_set(before)


@pytest.fixture(params=INSTRUCTION_SETS)
def instruction_set(request):
    before = NATIVE.instruction_set()
    NATIVE.use_instruction_set(request.param)
    yield request.param
    NATIVE.use_instruction_set(before)


# ---- what it computes ------------------------------------------------------------------------


def test_one_round_splat_is_the_gaussian_it_should_be(rasterize):
    picture = rasterize(one(), PLAIN, torch.tensor([0.1, 0.1, 0.1]))
    variance = (100 * 0.03) ** 2 + 0.3
    for column, row in ((20, 15), (23, 15), (20, 11), (25, 18)):
        distance = (column - 20) ** 2 + (row - 15) ** 2
        alpha = 0.8 * math.exp(-distance / (2 * variance))
        expected = alpha * torch.tensor([0.2, 0.5, 0.9]) + (1 - alpha) * 0.1
        torch.testing.assert_close(picture.features[row, column], expected, atol=1e-6, rtol=1e-5)
        assert picture.transmittance[row, column].item() == pytest.approx(1 - alpha, abs=1e-6)
        assert picture.depths[row, column].item() == pytest.approx(alpha, abs=1e-6)
    reach = math.sqrt(2 * math.log(0.8 * 255) * variance)
    assert picture.radii.tolist() == [math.ceil(reach)]


def test_a_splat_before_another_hides_it_in_part(rasterize):
    means = torch.tensor([[0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    two = one(
        means=means,
        rotations=torch.tensor([[0.0, 0.0, 0.0, 1.0]]).repeat(2, 1),
        scales=torch.full((2, 3), 0.05),
        opacities=torch.tensor([0.9, 0.6]),
        features=torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
    )
    centre = rasterize(two, PLAIN).features[15, 20]
    torch.testing.assert_close(centre, torch.tensor([0.9 * 0.4, 0.6]), atol=1e-5, rtol=1e-5)


def test_depths_over_coverage_are_the_depth_of_a_wall(rasterize):
    axis = torch.linspace(-0.4, 0.4, 24)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    count = x.numel()
    wall = Gaussians(
        means=torch.stack([x, y, torch.full_like(x, 0.7)], -1).reshape(-1, 3),
        rotations=torch.tensor([[0.0, 0.0, 0.0, 1.0]]).repeat(count, 1),
        scales=torch.tensor([[0.04, 0.04, 1e-4]]).repeat(count, 1),
        opacities=torch.full((count,), 0.5),
        features=torch.ones(count, 1),
    )
    picture = rasterize(wall, PLAIN)
    assert (picture.transmittance < 0.3).all()
    depths = picture.depths / (1 - picture.transmittance)
    assert (depths - 1.7).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("harmonics", "features", "antialiased"),
    # Channels and depth as the kernels group them: up to 4, up to 8, one line more, two more.
    [(0, 3, False), (0, 0, False), (16, 0, True), (4, 4, True), (9, 20, False), (0, 39, True)],
)
def test_native_agrees_with_the_reference_in_double(
    instruction_set, harmonics, features, antialiased
):
    # An egg of 280 splats of some eight pixels: a dozen deep, front and back, partly out of the
    # picture, in tiles that are cut by its edges. Few enough that no pixel lies within rounding
    # of the cut at 1/255, where one precision draws what the other does not.
    gaussians, view = egg(280, 70, 8, features, harmonics), camera(70, 50)
    background = torch.rand(gaussians.channels, generator=torch.Generator().manual_seed(1))
    options = SplatOptions(antialiased=antialiased)
    ours, slopes = picture_and_gradients(rasterize_splats, gaussians, view, background, options)
    theirs, true_slopes = picture_and_gradients(
        rasterize_splats_reference,
        converted(gaussians, torch.float64),
        Camera(
            intrinsics=view.intrinsics.double(),
            camera_from_world=Transform(
                rotation=view.camera_from_world.rotation.double(),
                translation=view.camera_from_world.translation.double(),
            ),
            width=view.width,
            height=view.height,
        ),
        background.double(),
        options,
    )
    for part in ("features", "depths", "transmittance"):
        difference = (getattr(ours, part) - getattr(theirs, part)).abs()
        scale = 3 if part == "depths" else 1  # metres
        assert difference.numel() == 0 or difference.max() < 1e-5 * scale, part
    assert torch.equal(ours.radii, theirs.radii)
    for name, slope in slopes.items():
        norm = true_slopes[name].norm()
        assert (slope - true_slopes[name]).norm() <= 1e-4 * norm, name
        assert norm > 0 or slope.numel() == 0, name


@pytest.mark.parametrize("antialiased", [False, True])
def test_gradients_of_the_reference_are_those_of_finite_differences(antialiased):
    # Three splats, wide against the picture of a few pixels, so that no pixel is near the cut
    # (alpha from 0.05 on) nor the clamp of the opacity, and at depths 0.1 apart, so that no step
    # changes their order: elsewhere the function has jumps, which have no gradient.
    generator = torch.Generator().manual_seed(3)

    def random(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    means = (random(3, 3) - 0.5) * 0.1
    means[:, 2] = torch.tensor([0.0, 0.1, 0.2])
    values = {
        "means": means,
        "rotations": random(3, 4) + 0.2,
        "scales": random(3, 3) * 0.1 + 0.1,
        "opacities": random(3) * 0.5 + 0.3,
        "features": random(3, 2),
        "harmonics": random(3, 16, 3) * 0.2,
        "pixel_offsets": random(3, 2),
        "background": random(5),
        "rotation": torch.eye(3, dtype=torch.float64),
        "translation": torch.tensor([0.01, 0.02, 1.0], dtype=torch.float64),
        "intrinsics": torch.tensor([[9.0, 0, 2.4], [0, 8.0, 2.1], [0, 0, 1]]).double(),
    }
    leaves = tuple(value.requires_grad_() for value in values.values())

    def draw(*leaves):
        named = dict(zip(values, leaves, strict=True))
        view = Camera(
            intrinsics=named.pop("intrinsics"),
            camera_from_world=Transform(
                rotation=named.pop("rotation"), translation=named.pop("translation")
            ),
            width=5,
            height=4,
        )
        background = named.pop("background")
        options = SplatOptions(antialiased=antialiased)
        picture = rasterize_splats_reference(Gaussians(**named), view, background, options)
        return picture.features, picture.depths, picture.transmittance

    assert torch.autograd.gradcheck(draw, leaves, fast_mode=True)


def test_harmonics_are_orthonormal_over_the_sphere():
    generator = torch.Generator().manual_seed(2)
    towards = torch.randn(200_000, 3, generator=generator, dtype=torch.float64)
    towards = torch.nn.functional.normalize(towards, dim=-1)
    basis = []
    for k in range(16):
        unit = torch.zeros(1, 16, 3, dtype=torch.float64)
        unit[0, k] = 1
        basis.append(harmonic_colours(unit.expand(len(towards), -1, -1), towards)[:, 0] - 0.5)
    basis = torch.stack(basis)
    products = basis @ basis.T / len(towards) * 4 * torch.pi
    assert (products - torch.eye(16)).abs().max() < 0.02  # of a Monte Carlo sum


def test_a_colour_from_harmonics_is_cut_at_black(rasterize):
    harmonics = torch.full((1, 1, 3), -9.0)
    gaussians = one(harmonics=harmonics, features=torch.ones(1, 1))
    picture, slopes = picture_and_gradients(rasterize, gaussians, PLAIN, torch.zeros(4))
    assert (picture.features[..., :3] == 0).all()
    assert picture.features[15, 20, 3] > 0.5
    assert (slopes["harmonics"] == 0).all()


# ---- what must always hold -------------------------------------------------------------------


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


def test_moving_the_principal_point_by_whole_pixels_moves_the_picture(rasterize):
    # Both principal points far inside the margin where the projection's slope is cut.
    gaussians, view = egg(150, 64, 6), camera(64, 48)
    moved = replace(
        view, intrinsics=view.intrinsics + torch.tensor([[0, 0, 7], [0, 0, -5], [0, 0, 0]])
    )
    a, b = rasterize(gaussians, view).features, rasterize(gaussians, moved).features
    same = (a[5:, :-7] - b[:-5, 7:]).abs()
    # Where rounding moves a pixel over the cut it changes by 1/255 at most.
    assert same.max() < 1 / 255
    assert (same > 1e-5).float().mean() < 1e-3


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


# ---- torch's machinery -----------------------------------------------------------------------


def op_arguments(harmonics: int = 4):
    gaussians, view = egg(30, 24, 6, 2, harmonics), camera(24, 20)
    transform = view.camera_from_world
    tensors = [*vars(gaussians).values(), torch.rand(gaussians.channels)]
    tensors += [transform.rotation, transform.translation, view.intrinsics]
    tensors = [None if t is None else t.clone().requires_grad_() for t in tensors]
    return (*tensors, 20, 24, 0.01, 0.3, False)


def test_the_custom_op_is_one_by_torchs_own_check():
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(
        torch.ops.avatar.rasterize_splats.default, op_arguments(), test_utils=checks
    )


COMPILED = """
import torch
from dataclasses import replace
from avatar.ops.rasterize_splats import rasterize_splats
from tests.ops.splat_scenes import camera, egg

view, gaussians = camera(24, 20), egg(30, 24, 6)

def loss(means, features):
    changed = replace(gaussians, means=means, features=features)
    return rasterize_splats(changed, view).features.square().sum()

leaves = [gaussians.means.clone().requires_grad_(), gaussians.features.clone().requires_grad_()]
compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
expected = torch.autograd.grad(loss(*leaves), leaves)
torch.testing.assert_close(torch.autograd.grad(compiled(*leaves), leaves), expected)
"""


def test_it_compiles_into_one_graph_with_its_gradients():
    # Apart, for the compiler cannot trace through the checks of shapes that tests switch on.
    # The source tree comes last in the path: the installed package is the one tested.
    program = f"import sys\nsys.path.append({str(ROOT)!r})\n{COMPILED}"
    subprocess.run([sys.executable, "-P", "-c", program], check=True)


# ---- input nobody should give ----------------------------------------------------------------


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
