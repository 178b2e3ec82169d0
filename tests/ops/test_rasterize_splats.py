import math

import pytest
import torch

from avatar.core.camera import Camera
from avatar.core.transform import Transform
from avatar.ops.rasterize_splats import (
    Gaussians,
    SplatOptions,
    rasterize_splats,
    rasterize_splats_reference,
)
from avatar.ops.rasterize_splats_reference import harmonic_colours
from tests.ops.splat_scenes import PLAIN, camera, converted, egg, one, picture_and_gradients


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
