"""The residuals of video fits: Jacobians are derivatives, and differences are what they say."""

from functools import partial

import torch

from avatar.fit.landmark_basis import landmark_basis
from avatar.fit.residuals.apertures import ApertureEvidence, apertures, pair_rows
from avatar.fit.residuals.motion_prior import Motion, motion_prior
from tests.fit.jacobians import assert_jacobian_right

PAIRS = ((3, 7), (12, 40), (100, 2))


def test_aperture_jacobian(model, state, generator):
    basis = pair_rows(landmark_basis(model, model.landmarks478, errors=3), PAIRS)
    evidence = ApertureEvidence(
        basis=basis,
        differences=torch.rand(3, 2, generator=generator).double() * 20,
        deviations=torch.rand(3, generator=generator).double() + 0.5,
    )
    assert_jacobian_right(partial(apertures, photo=1, evidence=evidence), state)


def test_apertures_vanish_on_what_the_camera_saw(model, state):
    basis = landmark_basis(model, model.landmarks478, errors=3)
    photo = state.photos[0]
    in_camera = photo.camera_from_head.apply(basis.points(state.identity, photo))
    seen = in_camera[:, :2] / in_camera[:, 2:] * photo.focal
    first, second = [a for a, _ in PAIRS], [b for _, b in PAIRS]
    evidence = ApertureEvidence(
        basis=pair_rows(basis, PAIRS),
        differences=seen[second] - seen[first],
        deviations=torch.ones(3).double(),
    )
    assert float(apertures(state, 0, evidence).residual.abs().max()) < 1e-9


def test_motion_prior_jacobian_and_zero(state):
    photo = state.photos[1]
    motion = Motion(
        camera_from_head=photo.camera_from_head,
        expression=photo.expression,
        rotation_deviation=0.1,
        translation_deviation=0.02,
        expression_deviations=torch.linspace(0.1, 0.3, 52).double(),
    )
    linearise = partial(motion_prior, photo=1, motion=motion)
    assert float(linearise(state).residual.abs().max()) < 1e-9
    assert_jacobian_right(linearise, state)
