"""The residuals of video fits: Jacobians are derivatives, and differences are what they say."""

from functools import partial

import torch

from avatar.fit.landmark_basis import landmark_basis
from avatar.fit.residuals.apertures import ApertureEvidence, apertures, pair_rows
from avatar.fit.residuals.earlier_fit import EarlierFit, earlier_fit
from avatar.fit.residuals.motion_prior import Motion, motion_prior
from avatar.fit.state import HeadState, retract
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


SOME = torch.tensor([3, 10, 40])


def test_earlier_fit_rises_as_its_gradient_and_hessian_say(state, generator):
    photo = state.photos[0]
    start = HeadState(identity=photo.log_focal.new_zeros(0), photos=(photo,))
    root = torch.randn(9, 9, generator=generator).double()
    information, gradient = root @ root.T, torch.randn(9, generator=generator).double()
    earlier = EarlierFit.of(photo, SOME, information, gradient)
    assert_jacobian_right(partial(earlier_fit, photo=0, earlier=earlier), start, tolerance=1e-4)

    def cost(at):
        return 0.5 * float(earlier_fit(at, 0, earlier).residual.square().sum())

    own = 0.01 * torch.randn(9, generator=generator).double()
    step = torch.zeros(start.size).double()
    step[earlier_fit(start, 0, earlier).columns] = own
    rise = float(gradient @ own + 0.5 * own @ information @ own)
    assert abs(cost(retract(start, step)) - cost(start) - rise) < 1e-6
