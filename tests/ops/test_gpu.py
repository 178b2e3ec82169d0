"""Every op on a GPU is what it is on the CPU; needs one. (Splats have a file of their own.)

Without a GPU, builds with AVATAR_EMULATED_GPU run the same kernels in each op's own tests.
"""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from avatar.core.transform import Transform, matrix_from_rotation_vector
from avatar.ops.antialias import antialias
from avatar.ops.image_loss import image_loss
from avatar.ops.interpolate import interpolate
from avatar.ops.native import has_cuda_kernels
from avatar.ops.perspective import perspective_barycentrics
from avatar.ops.projected_mesh import MeshEdges, ProjectedMesh
from avatar.ops.rasterize_mesh import MeshFragments, rasterize_mesh
from avatar.ops.sample_texture import TexturePyramid, sample_texture
from avatar.ops.skin import SkinnedMesh, skin
from avatar.ops.timing import ball

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not (torch.cuda.is_available() and has_cuda_kernels()), reason="needs a CUDA device"
    ),
]


def drawn(pixels: Tensor, depths: Tensor, faces: Tensor, colours: Tensor) -> Tensor:
    """Return two views of a mesh: the second half a pixel to the right, outlines smooth."""
    pixels = torch.stack([pixels, pixels + 0.5])
    depths = depths.expand(2, -1)
    seen = rasterize_mesh(pixels, depths, faces, 90, 100)
    shares, ranges = perspective_barycentrics(seen.triangles, pixels, depths, faces)
    fragments = MeshFragments(triangles=seen.triangles, barycentrics=shares, depths=ranges)
    pictures = interpolate(fragments, faces, colours)
    first = MeshFragments(**{name: value[0] for name, value in vars(fragments).items()})
    mesh = ProjectedMesh(pixels=pixels[0], depths=depths[0], faces=faces)
    smooth = antialias(pictures[0], first, mesh, edges_of(faces))
    return torch.stack([smooth, pictures[1]])


EDGES: dict[torch.device, MeshEdges] = {}


def edges_of(faces: Tensor) -> MeshEdges:
    """Return the edges, found once: that is no part of a step."""
    if faces.device not in EDGES:
        EDGES[faces.device] = MeshEdges.build(faces)
    return EDGES[faces.device]


def mesh_step() -> tuple[Callable[..., Tensor], list[Tensor]]:
    pixels, depths, faces = ball(40, 90)
    colours = torch.rand(len(pixels), 5, generator=torch.Generator().manual_seed(0))
    return lambda p, d, c, f: drawn(p, d, f, c), [pixels, depths, colours, faces]


def texture_step() -> tuple[Callable[..., Tensor], list[Tensor]]:
    generator = torch.Generator().manual_seed(0)
    texture = torch.rand(64, 48, 3, generator=generator)
    uvs = torch.rand(40, 50, 2, generator=generator) * 1.4 - 0.2
    lods = torch.rand(40, 50, generator=generator) * 4
    return lambda t, u, lod: sample_texture(TexturePyramid.build(t), u, lod, "repeat"), [
        texture,
        uvs,
        lods,
    ]


def skin_step() -> tuple[Callable[..., Tensor], list[Tensor]]:
    generator = torch.Generator().manual_seed(0)
    vertices, morphs = torch.randn(21, 3_000, 3, generator=generator).split([1, 20])
    weights = torch.rand(3_000, 5, generator=generator)
    morph_weights = torch.rand(3, 20, generator=generator)
    vectors = torch.randn(3, 5, 3, generator=generator)

    def step(vertices, morphs, weights, morph_weights, rotation, translation):
        mesh = SkinnedMesh(vertices=vertices, morphs=morphs, skin_weights=weights)
        return skin(mesh, morph_weights, Transform(rotation=rotation, translation=translation))

    turns = matrix_from_rotation_vector(vectors)
    return step, [vertices[0], morphs, weights, morph_weights, turns, vectors]


def loss_step() -> tuple[Callable[..., Tensor], list[Tensor]]:
    pictures = torch.rand(2, 50, 70, 3, generator=torch.Generator().manual_seed(0))
    return lambda picture, target: image_loss(picture, target.detach()), list(pictures)


def with_slopes(step: Callable[..., Tensor], inputs: Sequence[Tensor], device: str):
    """Return a step's result and its slopes by all that have some."""
    leaves = [value.to(device).requires_grad_(value.dtype.is_floating_point) for value in inputs]
    result = step(*leaves)
    weights = torch.rand(result.shape, generator=torch.Generator().manual_seed(1)).to(device)
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    return result, torch.autograd.grad(result, wanted, weights, allow_unused=True)


@pytest.mark.parametrize("make", [mesh_step, texture_step, skin_step, loss_step])
def test_values_and_gradients_are_those_of_the_cpu(make):
    step, inputs = make()
    expected, true_slopes = with_slopes(step, inputs, "cpu")
    result, slopes = with_slopes(step, inputs, "cuda")
    torch.testing.assert_close(result.cpu(), expected, atol=1e-5, rtol=1e-5)
    for slope, true_slope in zip(slopes, true_slopes, strict=True):
        assert (slope is None) == (true_slope is None)
        if slope is not None:
            assert (slope.cpu() - true_slope).norm() <= 1e-4 * true_slope.norm()


def test_the_triangles_seen_are_exactly_those_of_the_cpu():
    pixels, depths, faces = ball(200, 512)
    here = rasterize_mesh(pixels, depths, faces, 512, 512, cull="back")
    there = rasterize_mesh(pixels.cuda(), depths.cuda(), faces.cuda(), 512, 512, cull="back")
    assert torch.equal(there.triangles.cpu(), here.triangles)


@pytest.mark.parametrize("make", [mesh_step, texture_step, skin_step, loss_step])
def test_a_step_can_be_captured_in_a_graph(make):
    step, inputs = make()
    inputs = [value.cuda().requires_grad_(value.dtype.is_floating_point) for value in inputs]
    if make is mesh_step:
        edges_of(inputs[-1])
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())

    def run() -> Tensor:
        result = step(*inputs)
        return torch.autograd.grad(result.square().sum(), inputs[0])[0]

    with torch.cuda.stream(side):
        for _ in range(3):
            expected = run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = run()
    graph.replay()
    torch.testing.assert_close(captured, expected, rtol=1e-3, atol=1e-4)
