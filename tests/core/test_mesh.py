import pytest
import torch

from avatar.core.mesh import Mesh, MeshPart, SurfacePoints, face_normals, vertex_normals

QUAD = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
FACES = torch.tensor([[0, 1, 2], [0, 2, 3]])


def quad_mesh() -> Mesh:
    part = MeshPart(name="skin", faces=FACES, uv_faces=FACES, material="skin")
    return Mesh(vertices=QUAD, uvs=QUAD[:, :2], parts=(part,))


def test_counter_clockwise_faces_point_at_the_viewer():
    torch.testing.assert_close(face_normals(QUAD, FACES), torch.tensor([[0.0, 0, 1], [0, 0, 1]]))
    torch.testing.assert_close(vertex_normals(QUAD, FACES), torch.tensor([[0.0, 0, 1]] * 4))


def test_a_vertex_without_triangle_has_no_normal():
    lonely = torch.cat([QUAD, torch.ones(1, 3)])
    assert vertex_normals(lonely, FACES)[4].norm() == 0


def test_surface_points_move_with_their_surface():
    points = SurfacePoints(
        corners=torch.tensor([[0, 1, 2]]), barycentrics=torch.tensor([[0.2, 0.3, 0.5]])
    )
    torch.testing.assert_close(points.on(QUAD + 1), points.on(QUAD) + 1)
    assert len(points) == 1


def test_an_unknown_part_is_named_beside_the_known_ones():
    with pytest.raises(KeyError, match=r"tail.*skin"):
        quad_mesh().part("tail")
