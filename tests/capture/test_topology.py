"""The tables of the 478 points agree with each other and with a face."""

import torch

from avatar.capture.observation import Observation
from avatar.capture.topology import CONTOURS, LEFT_EYE, LEFT_IRIS, MIRRORED, RIGHT_EYE, RIGHT_IRIS


def test_mirroring_twice_changes_nothing():
    assert sorted(MIRRORED) == list(range(478))
    assert all(MIRRORED[MIRRORED[index]] == index for index in range(478))
    assert sum(MIRRORED[index] == index for index in range(478)) == 28


def test_irises_and_eyes_mirror_each_other():
    assert {MIRRORED[index] for index in RIGHT_IRIS} == set(LEFT_IRIS)
    assert MIRRORED[468] == 473
    assert {MIRRORED[index] for index in RIGHT_EYE} == set(LEFT_EYE)


def test_contours_have_no_point_twice():
    for chain in CONTOURS.values():
        assert len(set(chain)) == len(chain)


def test_mirrored_points_of_a_frontal_face_are_level_and_symmetric(observed: Observation):
    """The portrait looks into the camera with a roll of three degrees."""
    points = observed.landmarks
    across = points[list(MIRRORED)] - points
    pairs = across.norm(dim=1) > 0.2 * observed.inter_iris_distance
    angles = torch.atan2(across[pairs, 1].abs(), across[pairs, 0].abs())
    assert float(angles.max()) < 0.22
    middles = (points[list(MIRRORED)] + points) / 2
    axis = points[152] - points[10]
    offset = (middles - points[10]) @ torch.stack([axis[1], -axis[0]]) / axis.norm()
    assert float(offset.abs().max() / observed.inter_iris_distance) < 0.1


def test_eye_contours_surround_the_irises(observed: Observation):
    for eye, iris in ((RIGHT_EYE, 468), (LEFT_EYE, 473)):
        edge = observed.landmarks[list(eye)]
        assert bool((edge.amin(0) < observed.landmarks[iris]).all())
        assert bool((edge.amax(0) > observed.landmarks[iris]).all())
