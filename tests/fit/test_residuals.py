"""Every residual's Jacobian is the derivative of its values."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from avatar.capture.observation import Observation, Photo
from avatar.core.arkit import ARKIT_INDEX
from avatar.fit.brightness import Brightness
from avatar.fit.fit_landmarks import landmark_evidence
from avatar.fit.identity_belief import IdentityBelief
from avatar.fit.landmark_basis import eye_basis, landmark_basis
from avatar.fit.residuals.expression_prior import (
    coefficient_rates,
    expression_sparsity,
    expression_symmetry,
)
from avatar.fit.residuals.focal_prior import focal_prior
from avatar.fit.residuals.identity_prior import identity_prior
from avatar.fit.residuals.iris_size import iris_size
from avatar.fit.residuals.landmark_error_prior import landmark_error_prior
from avatar.fit.residuals.landmarks import LandmarkEvidence, landmarks
from avatar.fit.residuals.photo_consistency import PhotoConsistencyEvidence, photo_consistency
from avatar.fit.residuals.silhouette import SilhouetteEvidence, silhouette
from avatar.fit.residuals.skin_texture import TextureEvidence, skin_texture
from avatar.fit.state import HeadState
from avatar.fit.surface_samples import sample_surface
from tests.fit.jacobians import assert_jacobian_right


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
    size = len(state.identity)
    root = torch.eye(size, dtype=torch.float64) + 0.3 * torch.ones(size, size).triu(1)
    belief = IdentityBelief(mean=torch.full((size,), 0.4, dtype=torch.float64), root=root)
    assert_jacobian_right(partial(identity_prior, belief=belief), state)
    assert_jacobian_right(partial(focal_prior, photo=1, log_focal=target, deviation=0.3), state)
    assert_jacobian_right(partial(landmark_error_prior, photo=1), state)
    assert_jacobian_right(partial(expression_sparsity, photo=0), state)
    assert_jacobian_right(partial(expression_symmetry, photo=1), state)


def test_supporting_coefficients_count_more(state):
    rates = coefficient_rates()
    assert_jacobian_right(partial(expression_sparsity, photo=0, rates=rates), state)
    assert float(rates[ARKIT_INDEX["eyeSquintLeft"]]) > float(rates[ARKIT_INDEX["eyeBlinkLeft"]])


def test_sparsity_counts_the_coefficients(state):
    residual = expression_sparsity(state, 0).residual
    expected = float(state.photos[0].expression.sum()) + 52 * 0.05
    assert float(residual.square().sum() / 2) == pytest.approx(expected)


def test_photo_consistency_jacobian(model, state, generator):
    """On brightness that rises evenly, of which bilinear sampling is exact; each photo its own."""
    samples = sample_surface(model, "face", 40)
    exact = replace(samples, mean=samples.mean.double(), basis=samples.basis.double())
    evidence = PhotoConsistencyEvidence(
        samples=exact,
        brightness=(_ramp(0.002, -0.001), _ramp(-0.003, 0.004)),
        visible=torch.rand(2, 40, generator=generator) < 0.8,
        deviation=0.05,
    )
    assert_jacobian_right(partial(photo_consistency, evidence=evidence), state)


def test_silhouette_jacobian(model, state, generator):
    """On distances that rise evenly."""
    samples = sample_surface(model, "face", 30)
    exact = replace(samples, mean=samples.mean.double(), basis=samples.basis.double())
    evidence = SilhouetteEvidence(
        samples=exact,
        distances=_ramp(0.8, -0.6),
        inset=torch.rand(30, generator=generator),
        deviation=1.5,
    )
    assert_jacobian_right(partial(silhouette, photo=1, evidence=evidence), state)


def test_skin_texture_jacobian(model, state, generator):
    """By the pose and the coefficients that are asked for, on brightness that rises evenly."""
    samples = sample_surface(model, "face", 30)
    some = torch.tensor([3, 10, 40])
    evidence = TextureEvidence(
        samples=replace(
            samples, mean=samples.mean.double(), basis=samples.basis[..., -52:].double()
        ),
        brightness=_ramp(0.002, -0.001),
        template=torch.rand(30, generator=generator).double(),
        seen=torch.rand(30, generator=generator) < 0.8,
        deviation=0.05,
        coefficients=some,
    )
    alone = HeadState(identity=state.identity[:0], photos=state.photos)
    linearise = partial(skin_texture, photo=1, evidence=evidence)
    assert linearise(alone).jacobian.shape == (int(evidence.seen.sum()), 6 + len(some))
    assert_jacobian_right(linearise, alone)


def test_photos_that_show_the_same_leave_no_residual(model, state):
    flat = _ramp(0.0, 0.0)
    evidence = PhotoConsistencyEvidence(
        samples=sample_surface(model, "face", 40),
        brightness=(flat, replace(flat, layers=flat.layers.clone())),
        visible=torch.ones(2, 40, dtype=torch.bool),
        deviation=0.05,
    )
    same = replace(
        evidence,
        brightness=tuple(replace(b, layers=b.layers.float()) for b in evidence.brightness),
    )
    assert float(photo_consistency(state, same).residual.abs().max()) < 1e-6


def test_landmarks_turned_away_are_trusted_less(model, state, generator):
    points = torch.rand(468, 2, generator=generator) * 100
    seen = Observation(
        photo=Photo(pixels=torch.zeros(480, 640, 3), name="blank"),
        landmarks=torch.cat([points, points[:10]]),
        landmark_depths=torch.zeros(478),
        confidences=torch.ones(478),
        box=torch.tensor([0.0, 0.0, 100.0, 100.0]),
        score=1.0,
        matte=torch.zeros(480, 640),
        matte_confidence=0.0,
    )
    facing = torch.linspace(-1, 1, 468).double()
    deviations = torch.full((468, 3), 0.001).double()
    across = landmark_evidence(seen, state.photos[0], deviations, facing).deviations[:, 0]
    assert bool((across.diff() <= 0).all())
    assert float(across[0]) > 3 * float(across[-1])


def _ramp(by_x, by_y):
    y, x = torch.meshgrid(torch.arange(480.0), torch.arange(640.0), indexing="ij")
    value = by_x * x.double() + by_y * y.double()
    layers = torch.stack([value, torch.full_like(value, by_x), torch.full_like(value, by_y)])
    return Brightness(layers=layers, corner=(-0.5, -0.5), scale=(1.0, 1.0))
