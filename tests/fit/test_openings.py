"""Lids and lips open as far as the picture shows: people of known blinks, drawn from the model."""

import pytest
import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.fit.fit_photos import PhotoFitOptions, fit_photo
from avatar.fit.residuals.apertures import LIPS
from avatar.head.registry import load_model
from tests.fit.pictures import picture_of

OPTIONS = PhotoFitOptions(fov_degrees=25.8, silhouette=False, hair_volume=False)
BLINKS = [ARKIT_INDEX[f"eyeBlink{side}"] for side in ("Left", "Right")]


@pytest.fixture(scope="module")
def model():
    return load_model()


def photographed(model, weights, seed):
    """A picture of a random person with known coefficients.

    Landmarks err by some millimetres, neighbours nearly alike, as networks' do.
    """
    generator = torch.Generator().manual_seed(seed)
    expression = torch.zeros(52)
    for name, weight in weights.items():
        expression[ARKIT_INDEX[name]] = weight
    identity = torch.randn(model.identity_size, generator=generator) * 0.6
    vertices = model.vertices(identity, expression)
    points = model.landmarks478.on(model.template)
    waves = torch.randn(3, 3, generator=generator) * 60
    error = 0.0015 * (points @ waves + torch.rand(3, generator=generator) * 6.3).sin()
    return picture_of(model, vertices, torch.full((len(vertices),), 0.4), 0.0, error)


@pytest.mark.parametrize("seed", [7, 8, 9])
@pytest.mark.parametrize("blink", [0.35, 0.7, 1.0])
def test_eyes_are_as_far_shut_as_they_are(model, seed, blink):
    seen = photographed(model, {"eyeBlinkLeft": blink, "eyeBlinkRight": blink}, seed)
    found = fit_photo(seen, model, OPTIONS).photos[0].expression[BLINKS]
    assert found.tolist() == pytest.approx([blink, blink], abs=0.17)


@pytest.mark.parametrize("seed", [7, 8])
def test_a_wink_shuts_one_eye(model, seed):
    seen = photographed(model, {"eyeBlinkLeft": 1.0}, seed)
    left, right = fit_photo(seen, model, OPTIONS).photos[0].expression[BLINKS].tolist()
    assert left > 0.7
    assert right < 0.2


@pytest.mark.parametrize("opened", [0.0, 0.15, 0.5])
def test_lips_are_apart_as_far_as_they_are(model, opened):
    seen = photographed(model, {"jawOpen": opened}, 7)
    fitted = fit_photo(seen, model, OPTIONS).photos[0].landmarks
    assert gap(fitted, LIPS) == pytest.approx(gap(seen.landmarks, LIPS), rel=0.05, abs=0.6)


def gap(points, pairs):
    """Mean distance of pairs of landmarks, in the unit of the points."""
    upper, lower = [a for a, _ in pairs], [b for _, b in pairs]
    return float((points[upper] - points[lower]).norm(dim=1).mean())
