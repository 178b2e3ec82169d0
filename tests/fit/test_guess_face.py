"""The network's first guess of a face, and what the fit makes of it."""

from dataclasses import replace

import pytest
import torch

from avatar.capture.crop import Crop
from avatar.capture.observation import Photo
from avatar.capture.observe import ObserveOptions, observe
from avatar.core.camera import intrinsics_from_focal
from avatar.core.transform import Transform, euler_from_rotation, rotation_from_euler
from avatar.create.demo import demo_photo
from avatar.fit.face_frame import place_of, pose_of
from avatar.fit.guess_face import FaceGuess, guess_face, knows, load_guesser
from avatar.fit.identity_belief import SHARED, IdentityBelief, believed, guessed_identity
from avatar.head.registry import load_model

QUICK = ObserveOptions(views=1, matte=False)


@pytest.fixture(scope="module")
def portrait():
    return observe(demo_photo(), QUICK)


@pytest.fixture(scope="module")
def guess(portrait) -> FaceGuess:
    return guess_face(portrait)


def test_a_place_in_the_crop_gives_its_pose_back():
    flip = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    angles = torch.tensor([0.2, -0.5, 0.3])
    pose = Transform(
        rotation=flip @ rotation_from_euler(*angles), translation=torch.tensor([0.1, -0.2, 0.9])
    )
    crop = Crop(center_x=210.0, center_y=90.0, side=150.0, angle=0.3)
    intrinsics = intrinsics_from_focal(700.0, 400, 300)
    back, focal = pose_of(place_of(pose, intrinsics, crop), crop, intrinsics[:2, 2])
    assert focal == pytest.approx(700, rel=1e-4)
    assert (back.rotation - pose.rotation).abs().max() < 1e-5
    assert (back.translation - pose.translation).abs().max() < 1e-5


def test_a_frontal_portrait_is_guessed_frontal_and_at_arms_length(guess):
    turned = guess.camera_from_head.rotation * torch.tensor([[1.0], [-1.0], [-1.0]])
    _, yaw, _ = euler_from_rotation(turned)
    assert abs(float(yaw.rad2deg())) < 20
    assert 0.25 < float(guess.camera_from_head.translation[2]) < 3.5
    assert (guess.expression >= 0).all()
    assert (guess.expression <= 1).all()


def test_the_mirror_image_is_guessed_as_the_mirrored_person(portrait, guess):
    pixels = portrait.photo.pixels.flip(1).contiguous()
    mirrored = guess_face(observe(Photo(pixels=pixels, name="mirrored"), QUICK))
    signs = load_guesser().signs
    off = (mirrored.identity * signs - guess.identity).norm()
    assert float(off) < 0.35 * float(guess.identity.norm())


def test_deviations_are_positive_and_the_covariance_is_one(guess):
    assert (guess.deviations > 0).all()
    assert (torch.linalg.eigvalsh(guess.covariance.double()) > 0).all()


def test_the_network_knows_the_head_it_was_trained_for_and_no_other(portrait):
    model = load_model()
    assert knows(load_guesser(), model)
    other = replace(model, identity_basis=model.identity_basis.flip(0))
    assert not knows(load_guesser(), other)
    own = guessed_identity([portrait], other)
    assert torch.equal(own.mean, IdentityBelief.of_model(model.identity_size).mean)


def test_two_like_guesses_are_surer_than_one_but_not_twice_as_sure(guess):
    one, two = believed([guess]), believed([guess, guess])
    assert (one.mean - two.mean).abs().max() < 1e-6
    ratio = (two.root.T @ two.root).diagonal() / (one.root.T @ one.root).diagonal()
    assert ratio.sub(2 / (1 + SHARED)).abs().max() < 1e-6
