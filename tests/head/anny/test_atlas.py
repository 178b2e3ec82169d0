"""The skin's texture layout."""

import numpy as np
import torch
from skimage.draw import polygon

from avatar.head.anny.flatten import FlattenProblem, flat_rest_shapes, flatten


def uv_areas(head):
    corners = head.uvs[head.part("skin").uv_faces]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    # v runs down, so a triangle seen from outside has a negative area.
    return -(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2


def test_no_texture_triangle_is_flipped(head):
    assert uv_areas(head).min() > 0


def test_the_layout_lies_in_the_unit_square(head):
    uvs = head.uvs[head.part("skin").uv_faces.unique()]
    assert uvs.min() >= 0
    assert uvs.max() <= 1


def test_no_two_triangles_share_a_texel(head):
    size = 768
    # An odd shift, so that no texel's centre lies on an edge.
    corners = head.uvs[head.part("skin").uv_faces].double().numpy() * size + 0.5123457
    covered = np.zeros((size + 2, size + 2), dtype=int)
    for corner in corners:
        covered[polygon(corner[:, 1], corner[:, 0])] += 1
    assert covered.max() <= 1
    assert (covered == 1).sum() > 0.85 * size**2


def test_the_face_gets_over_a_third_of_the_texture(head):
    face = head.region("face_wide")[head.part("skin").faces].all(1)
    areas = uv_areas(head)
    assert areas[face].sum() > 0.35


def test_the_face_has_fine_and_even_texels(head):
    faces = head.part("skin").faces
    face = head.region("face_wide")[faces].all(1)
    a, b, c = head.template[faces[face]].unbind(1)
    metres = torch.linalg.cross(b - a, c - a).norm(dim=1) / 2
    texels_per_mm = (uv_areas(head)[face] / metres).sqrt() * 2048 / 1000
    low, middle, high = texels_per_mm.quantile(torch.tensor([0.05, 0.5, 0.95]))
    assert middle > 5
    assert high / low < 2


def test_the_layout_is_symmetric_and_the_left_side_lies_right(head):
    part = head.part("skin")
    places = {}
    corners = part.faces.flatten().tolist()
    for corner, uv in zip(corners, part.uv_faces.flatten().tolist(), strict=True):
        places.setdefault(corner, []).append(uv)
    face = head.region("face_wide").nonzero()[:, 0].tolist()
    # Not along the lips' and lids' inner edges, where a vertex has a place in two charts.
    inner = [vertex for vertex in face if len(set(places[vertex])) == 1]
    for vertex in inner[::50]:
        own = head.uvs[places[vertex][0]]
        other = head.uvs[places[int(head.mirror[vertex])][0]]
        torch.testing.assert_close(own[0] + other[0], torch.tensor(1.0), atol=1e-5, rtol=0)
        torch.testing.assert_close(own[1], other[1], atol=1e-5, rtol=0)
        if head.template[vertex, 0] > 0.001:
            assert own[0] > 0.5


def test_flattening_a_bent_strip_recovers_its_true_shape():
    angle = np.linspace(0, 1.5, 7)
    rows = [np.stack([np.cos(angle), np.sin(angle), np.full(7, z)], 1) for z in (0.0, 0.2, 0.4)]
    points = np.concatenate(rows)
    index = np.arange(21).reshape(3, 7)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
    )
    problem = FlattenProblem(
        triangles=triangles,
        rest=flat_rest_shapes(points[triangles]),
        importance=np.ones(len(triangles)),
        held=np.zeros((21, 2), dtype=bool),
    )
    start = np.stack([np.tile(angle, 3) * 0.3, np.repeat([0.0, 1.0, 1.3], 7)], 1)
    flat = flatten(problem, start, 50)
    chord = 2 * np.sin(0.125)
    np.testing.assert_allclose(
        np.linalg.norm(flat[index[:, 1:]] - flat[index[:, :-1]], axis=-1), chord, rtol=1e-3
    )
    np.testing.assert_allclose(np.linalg.norm(flat[7:] - flat[:-7], axis=-1), 0.2, rtol=1e-3)
