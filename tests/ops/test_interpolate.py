import pytest
import torch

from avatar.core.errors import OptionError
from avatar.ops.interpolate import interpolate, interpolate_reference, interpolation_slopes
from avatar.ops.projected_mesh import ProjectedMesh
from avatar.ops.rasterize_mesh import MeshFragments, rasterize_mesh
from tests.ops.ways import EMULATED_GPU, INSTRUCTION_SETS, computed_by, each_way

FACES = torch.tensor([[0, 1, 2], [2, 1, 3]])
FRAGMENTS = MeshFragments(
    triangles=torch.tensor([[0, 1, -1]]),
    barycentrics=torch.tensor([[[0.5, 0.25, 0.25], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]]),
    depths=torch.tensor([[1.0, 1.0, torch.inf]]),
)


def test_attributes_are_weighted_by_the_barycentrics_of_their_triangle():
    attributes = torch.tensor([[0.0, 1.0], [4.0, 1.0], [8.0, 1.0], [5.0, 7.0]])
    picture = interpolate(FRAGMENTS, FACES, attributes)
    assert picture.tolist() == [[[3.0, 1.0], [5.0, 7.0], [0.0, 0.0]]]


def test_gradients_reach_attributes_and_barycentrics():
    attributes = torch.rand(4, 3, dtype=torch.float64, requires_grad=True)
    weights = FRAGMENTS.barycentrics.double().requires_grad_()

    def picture(attributes, weights):
        fragments = MeshFragments(
            triangles=FRAGMENTS.triangles, barycentrics=weights, depths=FRAGMENTS.depths
        )
        return interpolate(fragments, FACES, attributes)

    assert torch.autograd.gradcheck(picture, (attributes, weights))


def test_other_corner_indices_take_other_attributes():
    uv_faces = torch.tensor([[5, 4, 3], [0, 1, 2]])
    uvs = torch.arange(6.0)[:, None]
    picture = interpolate(FRAGMENTS, uv_faces, uvs)
    assert picture[0, :, 0].tolist() == [0.5 * 5 + 0.25 * 4 + 0.25 * 3, 2.0, 0.0]


interpolated = each_way(interpolate_reference, interpolate)
interpolated_on_cpu = each_way(interpolate_reference, interpolate, but=EMULATED_GPU)


def sheet() -> ProjectedMesh:
    """Return a bumpy sheet of 200 triangles, seen in perspective, over a part of 60 x 50 pixels."""
    y, x = torch.meshgrid(torch.arange(11.0), torch.arange(11.0), indexing="ij")
    depths = 1 + 0.05 * (x + (y * 0.9).sin())
    pixels = torch.stack([5 + 4.7 * x, 3 + 4.1 * y], -1) / depths[..., None]
    corner = (torch.arange(10)[:, None] * 11 + torch.arange(10)).reshape(-1)
    upper = torch.stack([corner, corner + 1, corner + 11], -1)
    lower = torch.stack([corner + 1, corner + 12, corner + 11], -1)
    faces = torch.cat([upper, lower])
    return ProjectedMesh(pixels=pixels.reshape(-1, 2), depths=depths.reshape(-1), faces=faces)


def seen(mesh: ProjectedMesh) -> MeshFragments:
    return rasterize_mesh(mesh.pixels, mesh.depths, mesh.faces, 50, 60)


@pytest.mark.parametrize("channels", [1, 3, 7])
def test_values_and_gradients_agree_with_the_reference_in_double(interpolated, channels):
    mesh = sheet()
    fragments = seen(mesh)
    generator = torch.Generator().manual_seed(0)
    attributes = torch.randn(121, channels, generator=generator)
    weights = torch.randn(50, 60, channels, generator=generator)

    def run(function, dtype):
        leaf = attributes.to(dtype).requires_grad_()
        barycentrics = fragments.barycentrics.to(dtype).requires_grad_()
        parts = MeshFragments(
            triangles=fragments.triangles,
            barycentrics=barycentrics,
            depths=fragments.depths.to(dtype),
        )
        picture = function(parts, mesh.faces, leaf)
        return picture, *torch.autograd.grad(picture, (leaf, barycentrics), weights.to(dtype))

    ours, theirs = run(interpolated, torch.float32), run(interpolate_reference, torch.float64)
    for part, exact in zip(ours, theirs, strict=True):
        assert (part - exact).norm() < 1e-5 * exact.norm()


def test_threads_do_not_change_a_single_bit():
    mesh = sheet()
    fragments = seen(mesh)
    attributes = torch.randn(121, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    before = torch.get_num_threads()
    slopes = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        total = interpolate(fragments, mesh.faces, attributes).square().sum()
        slopes.append(torch.autograd.grad(total, attributes)[0])
    torch.set_num_threads(before)
    assert torch.equal(slopes[0], slopes[1])
    assert torch.equal(slopes[0], slopes[2])


def test_the_custom_op_is_one_by_torchs_own_check():
    mesh = sheet()
    fragments = seen(mesh)
    attributes = torch.randn(121, 2).requires_grad_()
    barycentrics = fragments.barycentrics.clone().requires_grad_()
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    arguments = (fragments.triangles, barycentrics, mesh.faces, attributes)
    op = torch.ops.avatar.interpolate.default
    torch.library.opcheck(op, arguments, test_utils=checks)


@pytest.mark.parametrize("faces", [[[0, 1, 9], [2, 1, 3]], [[0, 1, 2], [-1, 1, 3]], [[0, 1, 2]]])
def test_indices_out_of_range_are_refused(interpolated_on_cpu, faces):
    with pytest.raises(OptionError, match="faces"):
        interpolated_on_cpu(FRAGMENTS, torch.tensor(faces), torch.zeros(4, 2))


@pytest.mark.skipif(EMULATED_GPU not in INSTRUCTION_SETS, reason="built without emulated GPU")
def test_a_gpu_does_not_wait_to_refuse_an_index_and_gives_no_number():
    with computed_by(EMULATED_GPU):
        picture = interpolate(FRAGMENTS, torch.tensor([[0, 1, 9], [2, 1, 3]]), torch.ones(4, 2))
    assert picture[0, 0].isnan().all()
    assert picture[0, 1:].tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_slopes_are_the_differences_to_the_next_pixel():
    # Over a plane in perspective: one function all over, so that a difference may cross edges.
    mesh = sheet()
    depths = 1 / (1 - 0.004 * mesh.pixels[:, 0] + 0.002 * mesh.pixels[:, 1])
    mesh = ProjectedMesh(pixels=mesh.pixels.double(), depths=depths.double(), faces=mesh.faces)
    place = torch.cat([mesh.pixels * mesh.depths[:, None], mesh.depths[:, None]], -1)
    fragments = seen(mesh)
    picture = interpolate_reference(fragments, mesh.faces, place)
    slopes = interpolation_slopes(fragments, mesh, mesh.faces, place)
    inside = fragments.covered[1:-1, 1:-1] & fragments.covered[1:-1, 2:]
    inside &= (
        fragments.covered[1:-1, :-2] & fragments.covered[2:, 1:-1] & fragments.covered[:-2, 1:-1]
    )
    by_x = (picture[1:-1, 2:] - picture[1:-1, :-2]) / 2
    by_y = (picture[2:, 1:-1] - picture[:-2, 1:-1]) / 2
    assert inside.sum() > 800
    # A central difference is off by a sixth of the third derivative: here below 1e-4.
    assert (slopes.by_x[1:-1, 1:-1] - by_x)[inside].abs().max() < 1e-3
    assert (slopes.by_y[1:-1, 1:-1] - by_y)[inside].abs().max() < 1e-3
    assert (slopes.by_x[~fragments.covered] == 0).all()
