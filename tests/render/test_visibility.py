import torch

from avatar.render.visibility import depth_map, visibility
from tests.render.shapes import front_camera, join, mesh_of, sphere, square


def test_camera_sees_the_near_half_of_a_sphere() -> None:
    vertices, _, faces, _ = sphere(0.1)
    seen = visibility(vertices, faces, front_camera(128, 128, 500.0))
    # The horizon of a sphere seen from distance d lies at z = r^2 / d.
    above_horizon = vertices[:, 2] > 0.01
    used = torch.zeros(len(vertices), dtype=torch.bool)
    used[faces.reshape(-1)] = True
    sure = used & ((vertices[:, 2] - 0.01).abs() > 0.01)
    torch.testing.assert_close(seen[sure], above_horizon[sure])


def test_square_in_front_hides_the_vertices_behind_it() -> None:
    vertices, uvs, faces, uv_faces = sphere(0.1)
    both = join(mesh_of(vertices, uvs, faces, uv_faces), mesh_of(*square(0.1, z=0.2)))
    seen = visibility(both.vertices, both.faces, front_camera(128, 128, 500.0))[: len(vertices)]
    behind = (vertices[:, :2].abs() < 0.05).all(-1)  # the square's shadow is wider than it
    assert not seen[behind].any()
    beside = (vertices[:, 0] > 0.075) & (vertices[:, 2] > 0.03)
    assert beside.any()
    assert seen[beside].all()


def test_points_off_the_picture_or_behind_the_camera_are_not_seen() -> None:
    vertices, _, faces = square(0.1)
    seen = depth_map(vertices, faces, front_camera())
    points = torch.tensor([[0.0, 0, 0], [0.3, 0, 0], [0, 0, 2.0], [0, 0, -0.1]])
    assert seen.sees(points).tolist() == [True, False, False, False]


def test_points_beside_a_nearer_edge_are_not_clear_of_it() -> None:
    wall, _, wall_faces = square(1.0)
    plate, _, plate_faces = square(0.1, z=0.1)
    vertices = torch.cat([wall, plate])
    faces = torch.cat([wall_faces, plate_faces + 4])
    seen = depth_map(vertices, faces, front_camera(128, 128))
    # The plate's edge falls on the wall at x = 0.05 / 0.9; a pixel there is 5 mm.
    points = torch.tensor([[0.058, 0.0, 0.0], [0.09, 0.0, 0.0]])
    assert seen.sees(points).tolist() == [True, True]
    assert seen.clear_of_edges(points, margin=3).tolist() == [False, True]
