"""Errors are put down to the splats that make them."""

import torch

from avatar.core.pose_splats import PosedSplats
from avatar.gaussian.splat_errors import splat_errors
from avatar.render.draw_splats import draw_splats
from tests.gaussian.scene import camera


def two_dots() -> PosedSplats:
    return PosedSplats(
        means=torch.tensor([[-0.06, -0.02, 0.0], [0.06, -0.02, 0.0]]),
        rotations=torch.tensor([[0.0, 0.0, 0.0, 1.0]]).repeat(2, 1),
        scales=torch.full((2, 3), 0.015),
        opacities=torch.tensor([0.9, 0.9]),
        colors=torch.tensor([[0.8, 0.2, 0.1], [0.1, 0.3, 0.9]]),
        turns=torch.tensor([[0.0, 0.0, 0.0, 1.0]]).repeat(2, 1),
    )


def test_the_splat_of_the_wrong_colour_is_blamed_and_coverage_counts():
    posed, eye = two_dots(), camera()
    drawn = draw_splats(posed, eye)
    picture, matte = drawn.features, 1 - drawn.transmittance[..., None]
    assert float(splat_errors(posed, eye, picture, matte).abs().max()) < 1e-4
    wrong = picture.clone()
    wrong[:, 32:] = 0
    first, second = splat_errors(posed, eye, wrong, matte).tolist()
    assert second > 100 * first + 1
    bare = matte.clone()
    bare[:, :32] = 0
    first, second = splat_errors(posed, eye, picture, bare).tolist()
    assert first > 100 * second + 1
