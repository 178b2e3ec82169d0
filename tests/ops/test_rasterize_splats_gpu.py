"""The splat rasteriser on a GPU; builds with AVATAR_EMULATED_GPU test its kernels without one."""

from dataclasses import replace

import pytest
import torch

from avatar.core.camera import Camera
from avatar.core.errors import OptionError
from avatar.core.transform import Transform
from avatar.ops.native import has_cuda_kernels
from avatar.ops.rasterize_splats import Gaussians, SplatOptions, rasterize_splats
from avatar.ops.rasterize_splats_cuda import check_cuda_kernels
from tests.ops.splat_scenes import camera, egg, picture_and_gradients

needs_gpu = pytest.mark.skipif(
    not (torch.cuda.is_available() and has_cuda_kernels()), reason="needs a CUDA device"
)


def moved(gaussians: Gaussians, view: Camera, device: str) -> tuple[Gaussians, Camera]:
    present = {name: value for name, value in vars(gaussians).items() if value is not None}
    pose = view.camera_from_world
    return Gaussians(**{name: value.to(device) for name, value in present.items()}), replace(
        view,
        intrinsics=view.intrinsics.to(device),
        camera_from_world=Transform(
            rotation=pose.rotation.to(device), translation=pose.translation.to(device)
        ),
    )


@pytest.mark.skipif(has_cuda_kernels(), reason="built with CUDA")
def test_a_module_without_cuda_names_the_way_out():
    with pytest.raises(OptionError, match="nvcc"):
        check_cuda_kernels()


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize(
    ("harmonics", "features", "antialiased"),
    [(0, 3, False), (0, 0, False), (16, 0, True), (4, 4, True), (9, 20, False), (0, 39, True)],
)
def test_it_agrees_with_the_cpu(harmonics, features, antialiased):
    gaussians, view = egg(280, 70, 8, features, harmonics), camera(70, 50)
    background = torch.rand(gaussians.channels, generator=torch.Generator().manual_seed(1))
    options = SplatOptions(antialiased=antialiased)
    theirs, true_slopes = picture_and_gradients(
        rasterize_splats, gaussians, view, background, options
    )
    ours, slopes = picture_and_gradients(
        rasterize_splats, *moved(gaussians, view, "cuda"), background.cuda(), options
    )
    for part in ("features", "depths", "transmittance"):
        torch.testing.assert_close(
            getattr(ours, part).cpu(), getattr(theirs, part), atol=3e-5, rtol=1e-5
        )
    for name, slope in slopes.items():
        norm = true_slopes[name].norm()
        assert (slope.cpu() - true_slopes[name]).norm() <= 1e-4 * norm, name


@pytest.mark.gpu
@needs_gpu
def test_a_scene_that_grows_gets_more_room():
    for count in (100, 5_000, 200_000):
        gaussians, view = egg(count, 512, 4), camera(512, 512)
        expected = rasterize_splats(gaussians, view).features
        picture = rasterize_splats(*moved(gaussians, view, "cuda")).features.cpu()
        assert (picture - expected).abs().max() < 1 / 255
        assert ((picture - expected).abs() > 1e-4).float().mean() < 1e-3


@pytest.mark.gpu
@needs_gpu
def test_a_step_can_be_captured_in_a_graph():
    gaussians, view = moved(egg(2_000, 128, 4), camera(128, 128), "cuda")
    means = gaussians.means.clone().requires_grad_()

    def step() -> torch.Tensor:
        picture = rasterize_splats(replace(gaussians, means=means), view)
        (slope,) = torch.autograd.grad(picture.features.square().sum(), means)
        return slope

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            expected = step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = step()
    graph.replay()
    torch.testing.assert_close(captured, expected, rtol=1e-3, atol=1e-4)
