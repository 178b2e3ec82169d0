"""The benchmark's heads: seeded, within bounds, kept whole, and read back as written."""

import numpy as np

from tests.benchmarks.geometry.cases import (
    Case,
    camera_from_arrays,
    load_cases,
    picture_paths,
    save_case,
)
from tests.benchmarks.geometry.denoise import denoise
from tests.benchmarks.geometry.make_cases import case_names
from tests.benchmarks.geometry.region import seen_from_front
from tests.benchmarks.geometry.sampling import random_identity, random_shoot


def test_identities_repeat_with_their_seed_and_keep_their_limit():
    first = random_identity(np.random.default_rng(5), 1000)
    assert np.array_equal(first, random_identity(np.random.default_rng(5), 1000))
    assert np.abs(first).max() <= 1.5
    far = random_identity(np.random.default_rng(5), 1000, spread=1.4, limit=2.5)
    assert 1.5 < np.abs(far).max() <= 2.5
    assert far.std() > 1.3 * first.std()


def test_a_shoot_keeps_the_face_in_the_picture_from_three_sides():
    for seed in range(20):
        sky = np.ones((4, 8, 3))
        shoot = random_shoot(np.random.default_rng(seed), (sky,), (576, 720))
        yaws = []
        for view in shoot.views:
            position = -view.rotation.T @ view.translation
            yaws.append(np.degrees(np.arctan2(position[0], position[2] + 0.04)))
            for point in ([0.07, 0.06, 0.0], [-0.07, 0.06, 0.0], [0.0, -0.12, 0.04]):
                image = view.intrinsics @ (view.rotation @ point + view.translation)
                assert 0 < image[0] / image[2] < 576
                assert 0 < image[1] / image[2] < 720
        assert abs(yaws[0]) < 9
        assert -36 < yaws[1] < -23
        assert 23 < yaws[2] < 36


def test_a_saved_case_reads_back(tmp_path):
    rng = np.random.default_rng(0)
    intrinsics = np.array([[900.0, 0, 31.5], [0, 900.0, 47.5], [0, 0, 1]])
    camera = camera_from_arrays(intrinsics, np.eye(3), np.array([0, 0, 1.0]), 64, 96)
    case = Case(
        name="someone",
        family="ict",
        expressive=True,
        pictures=picture_paths("someone", tmp_path),
        cameras=(camera, camera, camera),
        vertices=rng.random((5, 3)),
        faces=np.array([[0, 1, 2], [2, 3, 4]]),
        landmarks=rng.random((68, 3)),
        region=np.array([True, False, True, True, False]),
        posed=rng.random((3, 5, 3)),
    )
    save_case(case, [np.zeros((96, 64, 3), np.uint8)] * 3, tmp_path)
    (back,) = load_cases(tmp_path, expressive=True)
    assert back.pictures == case.pictures
    assert np.allclose(back.vertices, case.vertices, atol=1e-6)
    assert np.array_equal(back.region, case.region)
    assert back.cameras[0].width == 64
    assert load_cases(tmp_path, expressive=False) == ()


def test_case_names_are_all_different():
    names = [name for name, _, _ in case_names()]
    assert len(set(names)) == len(names)


def test_denoising_keeps_paint_and_edges():
    rng = np.random.default_rng(0)
    albedo = np.where(rng.random((40, 40, 1)) > 0.5, 0.6, 0.2) * np.ones(3)
    normals = np.zeros((40, 40, 3))
    normals[:, :20, 2], normals[:, 20:, 0] = 1, 1
    light = np.where(np.arange(40) < 20, 1.0, 0.3)[None, :, None] * np.ones((40, 1, 3))
    noisy = albedo * light * rng.normal(1, 0.2, (40, 40, 1))
    clean = denoise(noisy, albedo=albedo, normals=normals)
    inner = slice(6, 34)
    truth = (albedo * light)[inner, inner]
    error = np.abs(clean[inner, inner] / truth - 1).mean()
    assert error < 0.06


def test_the_far_side_of_a_ball_is_not_seen_from_the_front():
    polar, around = np.meshgrid(np.linspace(0.01, 3.13, 60), np.arange(120) * np.pi / 60)
    ball = np.stack([np.sin(polar) * np.cos(around), np.cos(polar), np.sin(polar) * np.sin(around)])
    vertices = np.moveaxis(ball, 0, -1).reshape(-1, 3) * 0.1
    corner = np.arange(120 * 60).reshape(120, 60)
    following = np.roll(corner, -1, axis=0)
    a, b, c, d = corner[:, :-1], following[:, :-1], following[:, 1:], corner[:, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    seen = seen_from_front(vertices, faces)
    assert seen[vertices[:, 2] > 0.02].all()
    assert not seen[vertices[:, 2] < -0.08].any()
