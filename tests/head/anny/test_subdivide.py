import pytest
import torch

from avatar.head.anny.linear_map import apply_map, size_of
from avatar.head.anny.subdivide import QuadMesh, subdivide

CUBE = torch.tensor(
    [[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)],
    dtype=torch.float64,
)
CUBE_QUADS = torch.tensor(
    [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
)
CUBE_MIRROR = torch.tensor([4, 5, 6, 7, 0, 1, 2, 3])


@pytest.fixture
def cube():
    return QuadMesh(quads=CUBE_QUADS, uv_quads=CUBE_QUADS, mirror=CUBE_MIRROR)


@pytest.fixture
def square():
    """Four quads in a plane, with an open rim."""
    index = torch.arange(9).view(3, 3)
    quads = torch.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1)
    return QuadMesh(
        quads=quads.reshape(-1, 4),
        uv_quads=quads.reshape(-1, 4),
        mirror=index.flip(0).flatten(),
    )


def test_a_cube_tends_to_the_size_catmull_and_clark_give(cube):
    fine = apply_map(subdivide(cube, 8).smooth, CUBE)
    # Corner (F + 2R) / 3 with F = (1/3, 1/3, 1/3) and R = (2/3, 2/3, 2/3); then edges and faces.
    torch.testing.assert_close(fine[:8], CUBE * 5 / 9)
    assert len(fine) == 8 + 12 + 6
    torch.testing.assert_close(fine[20:].abs().sum(1), torch.ones(6, dtype=torch.float64))


def test_maps_keep_constants_and_the_linear_ones_stay_between_their_ends(cube, square):
    for mesh, count in ((cube, 8), (square, 9)):
        level = subdivide(mesh, count)
        ones = torch.ones(count, 1, dtype=torch.float64)
        for matrix in (level.smooth, level.linear, level.uv_linear):
            torch.testing.assert_close(
                apply_map(matrix, ones), torch.ones(size_of(matrix)[0], 1, dtype=torch.float64)
            )
        assert level.linear.min() >= 0


def test_a_flat_square_stays_flat_and_its_rim_stays_on_the_rim(square):
    x, y = torch.meshgrid(torch.arange(3.0), torch.arange(3.0), indexing="ij")
    flat = torch.stack([x.flatten(), y.flatten(), torch.zeros(9)], 1).double()
    level = subdivide(square, 9)
    fine = apply_map(level.smooth, flat)
    assert fine[:, 2].abs().max() == 0
    middles = fine[9:21]
    on_rim = ((middles == 0) | (middles == 2))[:, :2].any(1)
    assert int(on_rim.sum()) == 8


def test_mirrored_vertices_stay_mirror_images_through_levels(cube):
    points, mesh = CUBE * torch.tensor([1.0, 0.5, 2.0]), cube
    for _ in range(2):
        level = subdivide(mesh, len(points))
        points, mesh = apply_map(level.smooth, points), level.mesh
        flipped = points[mesh.mirror] * torch.tensor([-1.0, 1.0, 1.0])
        torch.testing.assert_close(flipped, points)


def test_fine_quads_wind_like_coarse_ones(cube):
    level = subdivide(cube, 8)
    fine = apply_map(level.linear, CUBE)
    a, b, _, d = fine[level.mesh.quads].unbind(1)
    normals = torch.linalg.cross(b - a, d - a)
    outwards = fine[level.mesh.quads].mean(1)
    assert ((normals * outwards).sum(1) > 0).all()
