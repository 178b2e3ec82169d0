"""Several views at once are what each gives alone."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops.interpolate import interpolate, interpolate_reference
from avatar.ops.perspective import perspective_barycentrics
from avatar.ops.rasterize_mesh import MeshFragments, rasterize_mesh, rasterize_mesh_reference
from avatar.ops.rasterize_splats import rasterize_splats, rasterize_splats_reference
from tests.ops.splat_scenes import camera, egg

FACES = torch.arange(60).reshape(20, 3)


def positions(views: tuple[int, ...], seed: int) -> tuple[Tensor, Tensor]:
    """Return pixels and depths of twenty loose triangles, other ones in each view."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand(*views, 60, 2, generator=generator) * 30
    return pixels, 1 + torch.rand(*views, 60, generator=generator)


def view_of(fragments: MeshFragments, *view: int) -> MeshFragments:
    return MeshFragments(**{name: value[view] for name, value in vars(fragments).items()})


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=2), st.integers(0, 99))
def test_meshes_in_several_views_are_those_of_each(views, seed):
    pixels, depths = positions(tuple(views), seed)
    attributes = torch.rand(60, 2)
    for rasterize, blend in (
        (rasterize_mesh, interpolate),
        (rasterize_mesh_reference, interpolate_reference),
    ):
        together = rasterize(pixels, depths, FACES, 24, 31)
        pictures = blend(together, FACES, attributes)
        assert together.triangles.shape == (*views, 24, 31)
        for view in torch.cartesian_prod(*(torch.arange(n) for n in views)).reshape(-1, len(views)):
            place = tuple(view.tolist())
            alone = rasterize(pixels[place], depths[place], FACES, 24, 31)
            for name, value in vars(view_of(together, *place)).items():
                assert torch.equal(value, getattr(alone, name)), name
            assert torch.equal(pictures[place], blend(alone, FACES, attributes))


def test_one_pose_seen_at_several_offsets_shares_its_depths():
    pixels, depths = positions((), 4)
    shifts = torch.tensor([[0.0, 0.0], [0.25, -0.5]])
    both = rasterize_mesh(pixels - shifts[:, None], depths.expand(2, -1), FACES, 20, 20)
    alone = rasterize_mesh(pixels - shifts[1], depths, FACES, 20, 20)
    assert torch.equal(both.triangles[1], alone.triangles)


def test_gradients_of_several_views_are_those_of_each():
    pixels, depths = positions((2,), 5)
    seen = rasterize_mesh(pixels, depths, FACES, 24, 31).triangles
    leaves = pixels.clone().requires_grad_(), depths.clone().requires_grad_()
    weights = torch.rand(2, 24, 31, 3)
    together = perspective_barycentrics(seen, *leaves, FACES)[0]
    slopes = torch.autograd.grad(together, leaves, weights)
    for view in range(2):
        alone = perspective_barycentrics(seen[view], leaves[0][view], leaves[1][view], FACES)[0]
        expected = torch.autograd.grad(alone, leaves, weights[view])
        for slope, other in zip(slopes, expected, strict=True):
            torch.testing.assert_close(slope[view], other[view])


@settings(max_examples=5, deadline=None)
@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=3))
def test_splats_seen_by_several_cameras_are_those_of_each(turns):
    gaussians = egg(80, 40, 6)
    front = camera(40, 32)
    cameras = [
        replace(front, intrinsics=front.intrinsics + 10 * turn * torch.eye(3)[:, [2, 0, 1]])
        for turn in turns
    ]
    for rasterize in (rasterize_splats, rasterize_splats_reference):
        together = rasterize(gaussians, cameras)
        assert together.features.shape == (len(turns), 32, 40, gaussians.channels)
        for view, one in enumerate(cameras):
            for name, value in vars(rasterize(gaussians, one)).items():
                assert torch.equal(getattr(together, name)[view], value), name


def test_splat_gradients_add_up_over_the_cameras():
    gaussians = egg(80, 40, 6)
    means = gaussians.means.clone().requires_grad_()
    gaussians = replace(gaussians, means=means)
    cameras = [camera(40, 32), camera(40, 32)]
    cameras[1] = replace(cameras[1], intrinsics=cameras[1].intrinsics * torch.tensor([1.1, 1, 1]))
    weights = torch.rand(2, 32, 40, gaussians.channels)
    (slope,) = torch.autograd.grad(rasterize_splats(gaussians, cameras).features, means, weights)
    each = [
        torch.autograd.grad(rasterize_splats(gaussians, one).features, means, weight)[0]
        for one, weight in zip(cameras, weights, strict=True)
    ]
    torch.testing.assert_close(slope, each[0] + each[1])


def test_views_that_make_no_sense_are_named():
    pixels, depths = positions((2,), 6)
    with pytest.raises(OptionError, match="pixels: expected at least one view"):
        rasterize_mesh(pixels[:0], depths[:0], FACES, 8, 8)
    gaussians = egg(8, 40, 6)
    with pytest.raises(OptionError, match="several of one size"):
        rasterize_splats(gaussians, [camera(40, 32), camera(32, 40)])
    with pytest.raises(OptionError, match="several of one size"):
        rasterize_splats(gaussians, [])
