"""The metric measures what it says: distances after the best similarity, in the truth's scale."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.benchmarks.geometry.now_metric import Surface, now_error, similarity


def bumpy_face(count: int = 45) -> tuple[np.ndarray, np.ndarray]:
    """Return a face-sized height field (metres) that no similarity maps to itself."""
    x, y = np.meshgrid(np.linspace(-0.08, 0.08, count), np.linspace(-0.1, 0.1, count))
    z = 0.06 * np.exp(-((x / 0.06) ** 2) - (y / 0.09) ** 2) + 0.02 * np.exp(
        -(((x - 0.01) / 0.015) ** 2) - ((y + 0.01) / 0.03) ** 2
    )
    z += 0.004 * np.sin(70 * x + 20 * y)
    vertices = np.stack([x, y, z], -1).reshape(-1, 3)
    corner = np.arange(count * count).reshape(count, count)
    a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    return vertices, faces


@pytest.fixture
def face() -> tuple[np.ndarray, np.ndarray]:
    return bumpy_face()


def landmarks_of(vertices: np.ndarray) -> np.ndarray:
    rows = np.linspace(0, len(vertices) - 1, 68).astype(int)
    return vertices[rows]


def moved(points: np.ndarray) -> np.ndarray:
    turn = Rotation.from_euler("xyz", [0.2, -0.4, 0.1])
    return 37.0 * turn.apply(points) + np.array([3.0, -1.0, 200.0])


def test_the_same_surface_anywhere_at_any_scale_has_no_error(face):
    vertices, faces = face
    everything = np.ones(len(vertices), dtype=bool)
    fitted = moved(vertices)
    errors = now_error(
        vertices, landmarks_of(vertices), everything, fitted, faces, landmarks_of(fitted)
    )
    assert errors.max() < 1e-6


def test_wrong_landmarks_are_forgiven_by_the_surfaces(face):
    vertices, faces = face
    everything = np.ones(len(vertices), dtype=bool)
    wrong = landmarks_of(vertices) + np.random.default_rng(0).normal(0, 0.004, (68, 3))
    errors = now_error(vertices, landmarks_of(vertices), everything, vertices, faces, wrong)
    assert np.median(errors) < 0.05


def test_a_dent_is_measured_in_millimetres_and_only_in_the_region(face):
    vertices, faces = face
    dented = vertices.copy()
    dent = (np.abs(vertices[:, 0] - 0.04) < 0.012) & (np.abs(vertices[:, 1] - 0.04) < 0.012)
    dented[dent, 2] -= 0.005
    landmarks = landmarks_of(vertices)
    errors = now_error(vertices, landmarks, dent, dented, faces, landmarks)
    # Fitted to that patch alone, a dent is forgiven as a shift; with the whole face it is not.
    everything = np.ones(len(vertices), dtype=bool)
    over_all = now_error(vertices, landmarks, everything, dented, faces, landmarks)
    assert np.median(over_all[dent]) == pytest.approx(4.0, abs=1.0)
    assert np.median(over_all[~dent]) < 0.2
    assert len(errors) == dent.sum()


def test_closest_points_are_those_of_a_search_over_all_triangles(face):
    vertices, faces = face
    points = vertices[::37] + np.random.default_rng(1).normal(0, 0.003, (len(vertices[::37]), 3))
    closest = Surface(vertices, faces, vertices).closest(points)
    samples = np.random.default_rng(2).dirichlet(np.ones(3), 400)
    dense = np.einsum("sc,fcd->fsd", samples, vertices[faces]).reshape(-1, 3)
    for point, found in zip(points[:12], closest[:12], strict=True):
        best = np.linalg.norm(dense - point, axis=1).min()
        assert np.linalg.norm(found - point) <= best + 1e-9
        assert np.linalg.norm(found - point) > best - 2e-4


def test_similarity_recovers_scale_turn_and_shift():
    points = np.random.default_rng(3).normal(size=(20, 3))
    fit = similarity(points, moved(points))
    assert fit.scale == pytest.approx(37.0)
    assert np.allclose(fit.apply(points), moved(points))


def test_similarity_never_mirrors():
    points = np.random.default_rng(4).normal(size=(20, 3))
    fit = similarity(points, points * (-1, 1, 1))
    assert np.linalg.det(fit.rotation) == pytest.approx(1.0)
