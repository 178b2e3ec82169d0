import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from avatar.core.camera import Camera, intrinsics_from_focal
from avatar.core.errors import OptionError
from avatar.core.transform import Transform, matrix_from_rotation_vector
from avatar.ops.interpolate import interpolate
from avatar.ops.perspective import perspective_barycentrics, perspective_barycentrics_reference
from avatar.ops.rasterize_mesh import MeshFragments, rasterize_mesh, rasterize_mesh_reference
from tests.ops.ways import each_way

TRIANGLE = torch.tensor([[0, 1, 2]])


rasterize = each_way(rasterize_mesh_reference, rasterize_mesh)


def soup(faces: int, size: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return random triangles about a picture of `size` pixels, some partly outside."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.rand(faces, 1, 2, generator=generator) * size
    spread = torch.rand(faces, 1, 1, generator=generator) ** 2 * size / 2
    corners = centres + torch.randn(faces, 3, 2, generator=generator) * spread
    depths = 1 + torch.rand(faces, 3, generator=generator)
    return corners.reshape(-1, 2), depths.reshape(-1), torch.arange(3 * faces).reshape(-1, 3)


def fan(spokes: int, radius: float, centre: tuple[float, float]) -> tuple[Tensor, Tensor, Tensor]:
    """Return a disc of triangles around one vertex, at depth 1."""
    angles = torch.arange(spokes) * 2 * torch.pi / spokes + 0.1
    rim = torch.stack([angles.cos(), angles.sin()], -1) * radius
    pixels = torch.cat([torch.zeros(1, 2), rim]) + torch.tensor(centre)
    index = torch.arange(spokes)
    faces = torch.stack([torch.zeros_like(index), 1 + index, 1 + (index + 1) % spokes], -1)
    return pixels, torch.ones(len(pixels)), faces


def coverage_counts(rasterize, pixels, depths, faces, height, width) -> Tensor:
    """Return how many of the triangles own each pixel, rasterised one by one."""
    return sum(rasterize(pixels, depths, face[None], height, width).covered.int() for face in faces)


def test_the_centre_of_the_first_pixel_is_the_origin(rasterize):
    pixels = torch.tensor([[-0.4, -0.4], [0.4, -0.4], [-0.4, 0.6]])
    fragments = rasterize(pixels, torch.ones(3), TRIANGLE, 2, 2)
    assert fragments.triangles.tolist() == [[0, -1], [-1, -1]]


def test_pixels_that_see_nothing_are_marked(rasterize):
    fragments = rasterize(torch.zeros(0, 2), torch.zeros(0), torch.zeros(0, 3).long(), 2, 3)
    assert fragments.triangles.shape == (2, 3)
    assert (fragments.triangles == -1).all()
    assert (fragments.barycentrics == 0).all()
    assert (fragments.depths == torch.inf).all()


def test_a_picture_of_one_pixel_works(rasterize):
    pixels = torch.tensor([[-9.0, -9.0], [9.0, -9.0], [0.0, 9.0]])
    fragments = rasterize(pixels, torch.full((3,), 2.0), TRIANGLE, 1, 1)
    assert fragments.triangles.item() == 0
    assert fragments.depths.item() == 2
    assert (fragments.barycentrics[0, 0] @ pixels).abs().max() < 1e-5


def test_native_and_reference_see_the_same_triangles(rasterize):
    pixels, depths, faces = soup(600, 90, seed=1)
    ours = rasterize(pixels, depths, faces, 90, 131)
    reference = rasterize_mesh_reference(pixels, depths, faces, 90, 131)
    assert torch.equal(ours.triangles, reference.triangles)
    assert (ours.triangles == -1).any()
    torch.testing.assert_close(ours.barycentrics, reference.barycentrics)
    torch.testing.assert_close(ours.depths, reference.depths)


def test_threads_do_not_change_the_picture():
    pixels, depths, faces = soup(500, 100, seed=2)
    faces = faces.repeat(2, 1)  # each triangle twice: depth ties everywhere
    before = torch.get_num_threads()
    pictures: list[MeshFragments] = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        pictures.append(rasterize_mesh(pixels, depths, faces, 100, 100))
    torch.set_num_threads(before)
    for picture in pictures[1:]:
        assert torch.equal(picture.triangles, pictures[0].triangles)


def test_the_first_of_equally_near_triangles_wins(rasterize):
    pixels, depths, faces = soup(40, 50, seed=3)
    twice = rasterize(pixels, depths, torch.cat([faces, faces]), 50, 50)
    assert torch.equal(twice.triangles, rasterize(pixels, depths, faces, 50, 50).triangles)


def test_the_nearest_triangle_wins(rasterize):
    pixels = torch.tensor([[-9.0, -9.0], [30.0, -9.0], [0.0, 40.0]]).repeat(3, 1)
    depths = torch.tensor([2.0, 1.0, 3.0]).repeat_interleave(3)
    fragments = rasterize(pixels, depths, torch.arange(9).reshape(3, 3), 8, 8)
    assert (fragments.triangles == 1).all()
    assert (fragments.depths - 1).abs().max() < 1e-6


def test_intersecting_triangles_cut_each_other_where_their_depths_cross(rasterize):
    pixels = torch.tensor([[-99.0, -99.0], [199.0, -99.0], [0.0, 400.0]]).repeat(2, 1)
    # 1 / depth is linear in the picture: a sloped plane against a flat one, equal at x = 20.
    inverse = 1 + (pixels[:3, 0] - 20) / 400
    depths = torch.cat([1 / inverse, torch.ones(3)])
    fragments = rasterize(pixels, depths, torch.arange(6).reshape(2, 3), 5, 41)
    assert (fragments.triangles[:, :20] == 1).all()
    assert (fragments.triangles[:, 21:] == 0).all()


@pytest.mark.parametrize("centre", [(16.0, 16.0), (16.5, 15.25), (13.37, 17.11), (0.0, 0.0)])
def test_pixels_of_a_fan_belong_to_exactly_one_triangle(rasterize, centre):
    pixels, depths, faces = fan(23, 14.5, centre)
    counts = coverage_counts(rasterize, pixels, depths, faces, 33, 33)
    together = rasterize(pixels, depths, faces, 33, 33)
    assert counts.max() == 1
    assert torch.equal(counts == 1, together.covered)
    y, x = torch.meshgrid(torch.arange(33), torch.arange(33), indexing="ij")
    well_inside = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < 14.0**2
    assert (counts[well_inside] == 1).all()


def test_a_grid_through_pixel_centres_has_neither_cracks_nor_overlaps(rasterize):
    axis = torch.arange(0, 17, 2)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    pixels = torch.stack([x, y], -1).reshape(-1, 2).float()
    corner = (torch.arange(8)[:, None] * 9 + torch.arange(8)).reshape(-1)
    upper = torch.stack([corner, corner + 1, corner + 9], -1)
    lower = torch.stack([corner + 1, corner + 10, corner + 9], -1)
    counts = coverage_counts(
        rasterize, pixels, torch.ones(len(pixels)), torch.cat([upper, lower]), 17, 17
    )
    # Top and left rim belong to the grid, bottom and right to whatever lies beyond.
    assert (counts[:16, :16] == 1).all()
    assert (counts[16] == 0).all()
    assert (counts[:, 16] == 0).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-20, 60, width=32), st.floats(-20, 60, width=32)),
        min_size=4,
        max_size=4,
    )
)
def test_two_triangles_on_either_side_of_an_edge_never_share_a_pixel(points):
    pixels = torch.tensor(points)
    a, b, c, d = (pixels * 256 + 0.5).floor().double().unbind()

    def side(point: Tensor) -> float:
        along, across = b - a, point - a
        return float(along[0] * across[1] - along[1] * across[0])

    if side(c) * side(d) >= 0:
        return
    faces = torch.tensor([[0, 1, 2], [1, 0, 3]])
    for rasterize in (rasterize_mesh, rasterize_mesh_reference):
        counts = coverage_counts(rasterize, pixels, torch.ones(4), faces, 40, 40)
        assert counts.max() <= 1


def test_barycentrics_give_back_the_points_seen(rasterize):
    generator = torch.Generator().manual_seed(4)
    points = torch.randn(90, 3, generator=generator) * 0.1 + torch.tensor([0.0, 0.0, 0.6])
    faces = torch.arange(90).reshape(30, 3)
    camera = Camera(
        intrinsics=intrinsics_from_focal(100.0, 64, 48),
        camera_from_world=Transform.identity(),
        width=64,
        height=48,
    )
    pixels, depths = camera.project(points)
    fragments = rasterize(pixels, depths, faces, 48, 64)
    seen = interpolate(fragments, faces, points)[fragments.covered]
    again, depth = camera.project(seen)
    centres = fragments.covered.nonzero().flip(-1).float()
    assert len(seen) > 500
    assert (again - centres).abs().max() < 1 / 128  # snapping moves an edge by less than that
    torch.testing.assert_close(depth, fragments.depths[fragments.covered])
    weights = fragments.barycentrics[fragments.covered]
    assert (weights >= 0).all()
    assert (weights.sum(-1) - 1).abs().max() < 1e-6


def test_back_faces_are_left_out_on_request(rasterize):
    front = torch.tensor([[2.0, 2.0], [2.0, 9.0], [9.0, 2.0]])  # counter-clockwise on screen
    for order, seen in (([0, 1, 2], True), ([0, 2, 1], False)):
        faces = torch.tensor([order])
        assert rasterize(front, torch.ones(3), faces, 12, 12, "back").covered.any() == seen
        assert rasterize(front, torch.ones(3), faces, 12, 12, "none").covered.any()


def test_a_closed_surface_seen_from_outside_is_the_same_with_and_without_its_back(rasterize):
    # Turned, so that no pixel centre lies exactly on the outline, where front and back tie.
    turn = matrix_from_rotation_vector(torch.tensor([0.3, 0.5, 0.2]))
    points = torch.cat([torch.eye(3), -torch.eye(3)])[[0, 3, 1, 4, 2, 5]] @ turn.T
    faces = torch.tensor(
        [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    )
    a, b, c = points[faces].unbind(1)
    outward = (torch.linalg.cross(b - a, c - a) * (a + b + c)).sum(-1) > 0
    faces = torch.where(outward[:, None], faces, faces.flip(-1))
    depths = points[:, 2] + 4
    pixels = points[:, :2] / depths[:, None] * 60 + 20
    whole = rasterize(pixels, depths, faces, 40, 40)
    culled = rasterize(pixels, depths, faces, 40, 40, "back")
    assert whole.covered.any()
    assert torch.equal(whole.triangles, culled.triangles)


@pytest.mark.parametrize("depth", [0.0, -1.0, 1e-7, float("nan"), float("inf"), float("-inf")])
def test_triangles_reaching_behind_the_camera_are_dropped(rasterize, depth):
    pixels = torch.tensor([[2.0, 2.0], [9.0, 2.0], [2.0, 9.0]])
    depths = torch.tensor([1.0, 1.0, depth])
    assert not rasterize(pixels, depths, TRIANGLE, 12, 12).covered.any()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e30, -3e5])
def test_corners_that_are_no_place_in_reach_drop_their_triangle_only(rasterize, value):
    pixels = torch.tensor([[2.0, 2.0], [9.0, 2.0], [2.0, 9.0], [value, 4.0]])
    faces = torch.tensor([[0, 1, 3], [0, 1, 2]])
    fragments = rasterize(pixels, torch.ones(4), faces, 12, 12)
    assert set(fragments.triangles.unique().tolist()) == {-1, 1}


def test_triangles_reaching_far_out_of_the_picture_are_drawn(rasterize):
    far = 131072.0
    pixels = torch.tensor([[-far, -far], [far, -far], [0.0, far]])
    assert rasterize(pixels, torch.ones(3), TRIANGLE, 40, 70).covered.all()


def test_triangles_without_area_are_not_drawn(rasterize):
    pixels = torch.tensor([[1.0, 1.0], [5.0, 5.0], [9.0, 9.0], [5.0, 5.0]])
    faces = torch.tensor([[0, 1, 2], [1, 3, 0], [1, 1, 1], [0, 2, 2]])
    assert not rasterize(pixels, torch.ones(4), faces, 12, 12).covered.any()


def test_slivers_thinner_than_the_snapping_give_finite_weights(rasterize):
    generator = torch.Generator().manual_seed(5)
    start = torch.rand(4000, 1, 2, generator=generator) * 60
    corners = start + torch.rand(4000, 3, 1, generator=generator) * torch.tensor([40.0, 13.0])
    corners = corners + torch.randn(corners.shape, generator=generator) * 2e-3
    pixels = corners.reshape(-1, 2)
    faces = torch.arange(len(pixels)).reshape(-1, 3)
    fragments = rasterize(pixels, torch.rand(len(pixels), generator=generator) + 1, faces, 64, 64)
    assert fragments.covered.any()
    assert fragments.barycentrics.isfinite().all()
    assert ((fragments.barycentrics.sum(-1) - 1).abs() < 1e-5)[fragments.covered].all()
    depths = fragments.depths[fragments.covered]
    assert ((depths >= 0.999) & (depths <= 2.001)).all()


def test_views_and_small_indices_are_taken_as_they_come():
    pixels, depths, faces = soup(50, 40, seed=6)
    expected = rasterize_mesh(pixels, depths, faces, 40, 40)
    strided = torch.cat([pixels, pixels], 1)[:, 2:]
    fragments = rasterize_mesh(strided, depths.repeat(2, 1).T[:, 0], faces.int(), 40, 40)
    assert torch.equal(fragments.triangles, expected.triangles)


def test_double_precision_is_kept():
    pixels, depths, faces = soup(50, 40, seed=7)
    fragments = rasterize_mesh(pixels.double(), depths.double(), faces, 40, 40)
    assert fragments.barycentrics.dtype == torch.float64
    single = rasterize_mesh(pixels, depths, faces, 40, 40)
    assert torch.equal(fragments.triangles, single.triangles)


def test_barycentrics_are_differentiable_in_positions_and_depths():
    pixels = torch.tensor([[-0.7, -3.1], [13.2, 1.3], [2.4, 14.9], [15.1, 13.3]]).double()
    depths = torch.tensor([1.0, 1.7, 1.2, 2.1]).double()
    faces = torch.tensor([[0, 1, 2], [3, 2, 1]])
    triangles = rasterize_mesh(pixels, depths, faces, 12, 12).triangles
    covered = triangles >= 0
    # Weights clamped at an edge have no derivative there; this scene has none.
    weights, _ = perspective_barycentrics(triangles, pixels, depths, faces)
    assert (weights[covered] > 1e-3).all()

    def seen(pixels: Tensor, depths: Tensor) -> tuple[Tensor, Tensor]:
        barycentrics, pixel_depths = perspective_barycentrics(triangles, pixels, depths, faces)
        return barycentrics, pixel_depths[covered]

    assert torch.autograd.gradcheck(seen, (pixels.requires_grad_(), depths.requires_grad_()))


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"faces": torch.tensor([[0, 1, 3]])}, "faces"),
        ({"faces": torch.tensor([[0, -1, 2]])}, "faces"),
        ({"height": 0}, "height"),
        ({"width": -3}, "width"),
        ({"height": 200_000}, "height"),
    ],
)
def test_arguments_that_make_no_sense_are_named(change, argument):
    arguments = {
        "pixels": torch.zeros(3, 2),
        "depths": torch.ones(3),
        "faces": TRIANGLE,
        "height": 4,
        "width": 4,
    } | change
    with pytest.raises(OptionError, match=argument):
        rasterize_mesh(**arguments)


def test_native_perspective_and_its_gradients_agree_with_the_reference_in_double(rasterize):
    pixels, depths, faces = soup(300, 60, seed=8)
    triangles = rasterize(pixels, depths, faces, 50, 60).triangles
    covered = triangles >= 0
    generator = torch.Generator().manual_seed(9)
    weights = torch.randn(50, 60, 3, generator=generator), torch.randn(50, 60, generator=generator)

    def run(function, dtype):
        leaves = [leaf.to(dtype).requires_grad_() for leaf in (pixels, depths)]
        weighted, deep = function(triangles, *leaves, faces)
        loss = (weighted * weights[0].to(dtype)).sum()
        loss = loss + (deep[covered] * weights[1].to(dtype)[covered]).sum()
        return weighted, deep[covered], *torch.autograd.grad(loss, leaves)

    ours = run(perspective_barycentrics, torch.float32)
    theirs = run(perspective_barycentrics_reference, torch.float64)
    for part, exact in zip(ours, theirs, strict=True):
        assert (part - exact).norm() < 1e-5 * exact.norm()


def test_perspective_is_a_custom_op_by_torchs_own_check():
    pixels, depths, faces = soup(20, 20, seed=10)
    triangles = rasterize_mesh(pixels, depths, faces, 20, 20).triangles
    arguments = (triangles, pixels.requires_grad_(), depths.requires_grad_(), faces)
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    op = torch.ops.avatar.perspective_barycentrics.default
    torch.library.opcheck(op, arguments, test_utils=checks)


def test_triangles_that_are_not_there_are_refused():
    pixels, depths, faces = soup(2, 20, seed=11)
    with pytest.raises(OptionError, match="triangles"):
        perspective_barycentrics(torch.full((3, 3), 2), pixels, depths, faces)
