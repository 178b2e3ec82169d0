"""Every residual's Jacobian is the derivative of its values."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from avatar.fit.landmark_basis import eye_basis, landmark_basis
from avatar.fit.residuals.expression_prior import expression_sparsity, expression_symmetry
from avatar.fit.residuals.focal_prior import focal_prior
from avatar.fit.residuals.identity_prior import identity_prior
from avatar.fit.residuals.iris_size import iris_size
from avatar.fit.residuals.landmark_error_prior import landmark_error_prior
from avatar.fit.residuals.landmarks import LandmarkEvidence, landmarks
from tests.fit.jacobians import assert_jacobian_right
from tests.fit.synthetic import ellipsoid_model, random_state


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


@pytest.fixture
def model(generator):
    return ellipsoid_model(generator, modes=6)


@pytest.fixture
def state(model, generator):
    state = random_state(model, [0.4, -0.2], generator, errors=3)
    # Away from the bounds, where a central difference would be clamped.
    photos = [replace(p, expression=p.expression * 0.8 + 0.1) for p in state.photos]
    return replace(state, photos=tuple(photos))


def test_landmark_jacobian(model, state, generator):
    basis = landmark_basis(model, model.landmarks478)
    error = torch.randn(478, 3, 3, generator=generator).double() * 0.001
    evidence = LandmarkEvidence(
        positions=torch.rand(478, 2, generator=generator).double() * 400,
        depths=torch.rand(478, generator=generator).double() * 50,
        deviations=torch.rand(478, 3, generator=generator).double() + 0.5,
    )
    assert_jacobian_right(
        partial(landmarks, photo=1, basis=replace(basis, error=error), evidence=evidence), state
    )


def test_landmarks_without_depth_have_no_depth_residual(model, state):
    evidence = LandmarkEvidence(
        positions=torch.zeros(478, 2).double(),
        depths=torch.full((478,), 1e6).double(),
        deviations=torch.tensor([1.0, 1.0, torch.inf]).double().repeat(478, 1),
    )
    basis = landmark_basis(model, model.landmarks478, errors=3)
    residual = landmarks(state, 0, basis, evidence).residual.unflatten(0, (478, 3))
    assert float(residual[:, 2].abs().max()) == 0
    assert float(residual[:, :2].abs().min()) > 0


def test_iris_size_jacobian(model, state):
    eye = eye_basis(model, "eye_left", errors=3)
    assert_jacobian_right(partial(iris_size, photo=0, eye=eye, diameter=14.0, deviation=0.1), state)


def test_prior_jacobians(state):
    target = torch.tensor(800.0).double().log()
    assert_jacobian_right(identity_prior, state)
    assert_jacobian_right(partial(focal_prior, photo=1, log_focal=target, deviation=0.3), state)
    assert_jacobian_right(partial(landmark_error_prior, photo=1), state)
    assert_jacobian_right(partial(expression_sparsity, photo=0), state)
    assert_jacobian_right(partial(expression_symmetry, photo=1), state)


def test_sparsity_counts_the_coefficients(state):
    residual = expression_sparsity(state, 0).residual
    expected = float(state.photos[0].expression.sum()) + 52 * 0.05
    assert float(residual.square().sum() / 2) == pytest.approx(expected)
