import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.ops.antialias import antialias, antialias_reference
from avatar.ops.projected_mesh import MeshEdges, ProjectedMesh
from avatar.ops.rasterize_mesh import MeshFragments, rasterize_mesh
from tests.ops.ways import each_way

smooth = each_way(antialias_reference, antialias)


def quad(left: float, top: float, right: float, bottom: float, depth: float = 1.0, lean: float = 0):
    """Return a rectangle of two triangles, its right side leaning by `lean` pixels."""
    pixels = torch.tensor([[left, top], [right, top], [right + lean, bottom], [left, bottom]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    return ProjectedMesh(pixels=pixels, depths=torch.full((4,), depth), faces=faces)


def both(first: ProjectedMesh, second: ProjectedMesh) -> ProjectedMesh:
    return ProjectedMesh(
        pixels=torch.cat([first.pixels, second.pixels]),
        depths=torch.cat([first.depths, second.depths]),
        faces=torch.cat([first.faces, second.faces + len(first.pixels)]),
    )


def ball(rings: int, centre: float, radius: float) -> ProjectedMesh:
    """Return a sphere of 2 * rings**2 triangles at depth 3, drawn in parallel."""
    polar = torch.linspace(0.01, math.pi - 0.01, rings)
    around = torch.arange(rings) * 2 * math.pi / rings
    theta, phi = torch.meshgrid(polar, around, indexing="ij")
    points = torch.stack([theta.sin() * phi.cos(), theta.cos(), theta.sin() * phi.sin()], -1)
    points = points.reshape(-1, 3)
    row, column = torch.meshgrid(torch.arange(rings - 1), torch.arange(rings), indexing="ij")
    a = (row * rings + column).reshape(-1)
    b = (row * rings + (column + 1) % rings).reshape(-1)
    faces = [torch.stack([a, b, a + rings], -1), torch.stack([b, b + rings, a + rings], -1)]
    return ProjectedMesh(
        pixels=centre + radius * points[:, :2], depths=3 - points[:, 2], faces=torch.cat(faces)
    )


def draw(mesh: ProjectedMesh, size: int) -> MeshFragments:
    return rasterize_mesh(mesh.pixels, mesh.depths, mesh.faces, size, size)


def coverage(smooth, mesh: ProjectedMesh, size: int) -> Tensor:
    """Return the antialiased picture of white on black."""
    fragments = draw(mesh, size)
    white = fragments.covered.to(mesh.pixels.dtype)[..., None]
    return smooth(white, fragments, mesh, MeshEdges.build(mesh.faces))[..., 0]


@pytest.mark.parametrize("lean", [0.0, 3.7, -5.2])
def test_rows_up_to_a_steep_outline_sum_to_where_it_passes(smooth, lean):
    mesh = quad(-9.0, -9.0, 11.3, 29.0, lean=lean)
    rows = coverage(smooth, mesh, 20).sum(1)
    passes = 11.3 + lean * (torch.arange(20.0) + 9) / 38
    assert (rows - (passes + 0.5)).abs().max() < 1e-4


def test_columns_down_to_a_flat_outline_sum_to_where_it_passes(smooth):
    mesh = quad(-9.0, -9.0, 29.0, 7.8)
    assert (coverage(smooth, mesh, 20).sum(0) - 8.3).abs().max() < 1e-4


def test_edges_inside_a_surface_change_nothing(smooth):
    mesh = ball(24, 10.0, 60.0)  # beyond the picture all round
    fragments = draw(mesh, 20)
    picture = torch.rand(20, 20, 3, generator=torch.Generator().manual_seed(0))
    same = smooth(picture, fragments, mesh, MeshEdges.build(mesh.faces))
    assert torch.equal(same, picture)


def test_seams_between_parts_that_touch_are_not_outlines(smooth):
    left, right = quad(-5.0, -5.0, 9.4, 25.0), quad(9.4, -5.0, 25.0, 25.0)
    mesh = both(left, right)
    picture = torch.rand(20, 20, 3, generator=torch.Generator().manual_seed(0))
    same = smooth(picture, draw(mesh, 20), mesh, MeshEdges.build(mesh.faces))
    assert torch.equal(same, picture)


def test_hidden_outlines_change_nothing_and_those_in_front_are_blended(smooth):
    front, back = quad(4.3, 4.3, 15.6, 15.6, 1.0), quad(7.2, -5.0, 12.7, 25.0, 2.0)
    mesh = both(front, back)
    fragments = draw(mesh, 20)
    colours = torch.tensor([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    picture = colours[fragments.triangles]
    result = smooth(picture, fragments, mesh, MeshEdges.build(mesh.faces))
    assert torch.equal(result[6:14, 6:14], picture[6:14, 6:14])
    changed = (result - picture).abs().sum(-1) > 0
    assert changed[10, 4] or changed[10, 5]  # left side of the front one
    assert changed[4, 10] or changed[5, 10]  # its upper side, the other behind it
    assert changed[1, 7] or changed[1, 8]  # side of the one behind, above


def test_outlines_of_triangles_smaller_than_pixels_are_all_found(smooth):
    # 20,000 triangles over 60 pixels: most pixels of the outline see a triangle that has no edge
    # of it. Truth is a circle, by 16 x 16 samples a pixel.
    size, radius, centre = 64, 27.3, 31.4
    mesh = ball(100, centre, radius)
    axis = (torch.arange(size * 16) + 0.5) / 16 - 0.5
    disc = ((axis[:, None] - centre) ** 2 + (axis - centre) ** 2 < radius**2).float()
    truth = torch.nn.functional.avg_pool2d(disc[None], 16)[0]
    rough = (draw(mesh, size).covered.float() - truth).abs()
    left = (coverage(smooth, mesh, size) - truth).abs()
    assert left.sum() < 0.15 * rough.sum()
    assert left.max() < 0.25


def test_the_gradient_of_a_discs_area_by_its_radius_is_its_circumference(smooth):
    size, radius = 48, 15.2
    mesh = ball(40, 23.1, 1.0)
    unit = mesh.pixels.double() - 23.1
    scale = torch.tensor(radius, dtype=torch.float64, requires_grad=True)
    mesh = replace(mesh, pixels=(23.1 + scale * unit).float())
    area = coverage(smooth, mesh, size).sum()
    (slope,) = torch.autograd.grad(area, scale)
    assert area.item() == pytest.approx(math.pi * radius**2, rel=0.01)
    assert slope.item() == pytest.approx(2 * math.pi * radius, rel=0.01)


def test_gradients_are_those_of_finite_differences():
    # Two rectangles, one leaning, whose sides pass well between pixel centres: a step moves none
    # of them over a centre, where the blend goes from one pixel to the other.
    mesh = both(quad(1.3, 1.3, 6.3, 6.8, 1.0, lean=0.4), quad(3.2, -3.0, 9.3, 12.0, 2.0))
    pixels = mesh.pixels.double().requires_grad_()
    fragments = draw(mesh, 10)
    edges = MeshEdges.build(mesh.faces)
    picture = torch.rand(10, 10, 2, generator=torch.Generator().manual_seed(1))
    picture = picture.double().requires_grad_()

    def of_both(picture, pixels):
        return antialias_reference(picture, fragments, replace(mesh, pixels=pixels), edges)

    assert torch.autograd.gradcheck(of_both, (picture, pixels))


def test_native_agrees_with_the_reference_in_value_and_gradients(instruction_set):
    # Balls before one another and beyond the picture's rim, and triangles by themselves.
    generator = torch.Generator().manual_seed(2)
    far, near = ball(30, 30.2, 21.7), ball(12, 44.6, 14.3)
    mesh = both(far, replace(near, depths=near.depths - 1.5))
    odd = torch.rand(60, 2, generator=generator) * 80 - 10
    rims = ProjectedMesh(
        pixels=odd,
        depths=torch.rand(60, generator=generator) * 4 + 0.5,
        faces=torch.arange(60).reshape(20, 3),
    )
    mesh = both(mesh, rims)
    fragments, edges = draw(mesh, 64), MeshEdges.build(mesh.faces)
    picture = torch.rand(64, 64, 3, generator=generator)
    weights = torch.randn(64, 64, 3, generator=generator)

    def run(op):
        leaves = [picture.clone().requires_grad_(), mesh.pixels.clone().requires_grad_()]
        result = op(leaves[0], fragments, replace(mesh, pixels=leaves[1]), edges)
        return result, *torch.autograd.grad((result * weights).sum(), leaves)

    ours, theirs = run(antialias), run(antialias_reference)
    assert (theirs[0] - picture).abs().sum() > 50  # something was blended
    for part, true_part in zip(ours, theirs, strict=True):
        assert (part - true_part).norm() < 1e-5 * true_part.norm()


def test_threads_do_not_change_a_single_bit():
    mesh = ball(60, 31.4, 27.3)
    before, results = torch.get_num_threads(), []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        results.append(coverage(antialias, mesh, 64))
    torch.set_num_threads(before)
    assert all(torch.equal(result, results[0]) for result in results)


def test_it_is_a_custom_op_by_torchs_own_check():
    mesh = ball(12, 9.4, 7.3)
    edges = MeshEdges.build(mesh.faces)
    picture = torch.rand(20, 20, 2, generator=torch.Generator().manual_seed(1)).requires_grad_()
    tensors = (picture, draw(mesh, 20).depths, mesh.pixels.clone().requires_grad_(), mesh.depths)
    arguments = (*tensors, mesh.faces, edges.verts, edges.faces, edges.opposite)
    # Its second result holds memory that nobody filled beside what was: not the same twice.
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(torch.ops.avatar.antialias.default, arguments, test_utils=checks)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_corners_that_are_nowhere_have_no_outline(smooth, value):
    mesh = quad(2.0, 2.0, 9.0, 9.0)
    pixels = mesh.pixels.clone()
    pixels[1, 0] = value
    result = coverage(smooth, replace(mesh, pixels=pixels), 12)
    assert result.isfinite().all()


@pytest.mark.parametrize("size", [1, 2])
def test_the_smallest_pictures_work(smooth, size):
    assert coverage(smooth, quad(-3.0, -3.0, 0.2, 9.0), size).isfinite().all()


def test_edges_know_their_triangles():
    edges = MeshEdges.build(torch.tensor([[0, 1, 2], [2, 1, 3]]))
    shared = (edges.faces >= 0).all(-1)
    assert edges.verts[shared].tolist() == [[1, 2]]
    assert edges.faces[shared].tolist() == [[0, 1]]
    assert edges.opposite[shared].tolist() == [0]
    assert (~shared).sum() == 4


def test_an_edge_of_three_triangles_is_a_rim_of_each():
    edges = MeshEdges.build(torch.tensor([[0, 1, 2], [0, 1, 3], [1, 0, 4]]))
    rims = (edges.verts == torch.tensor([0, 1])).all(-1)
    assert rims.sum() == 3
    assert (edges.faces[:, 1] == -1).all()


def test_arguments_that_do_not_belong_together_are_named(smooth):
    mesh = quad(2.0, 2.0, 9.0, 9.0)
    fragments, edges = draw(mesh, 12), MeshEdges.build(mesh.faces)
    with pytest.raises(OptionError, match="picture"):
        smooth(torch.zeros(11, 12, 1), fragments, mesh, edges)
    more = MeshEdges.build(torch.tensor([[0, 1, 7]]))
    with pytest.raises(OptionError, match="edges"):
        smooth(torch.zeros(12, 12, 1), fragments, mesh, more)
