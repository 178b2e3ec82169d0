"""The outline against truth: people drawn from the model, landmarks wrong in a known way."""

from dataclasses import replace

import pytest
import torch

from avatar.core.mesh import vertex_normals
from avatar.fit.edge_distance import edge_window
from avatar.fit.fit_photos import PhotoFitOptions, fit_photos
from avatar.head.registry import load_model
from tests.fit.pictures import picture_of

PLAIN = PhotoFitOptions(
    fov_degrees=25.8, silhouette=False, photo_consistency=False, hair_volume=False
)
OUTLINED = replace(PLAIN, silhouette=True)


@pytest.fixture(scope="module")
def model():
    return load_model()


def person(model, seed):
    """A random head and its pictures; landmarks at the sides lie too far in, and are unsure."""
    generator = torch.Generator().manual_seed(seed)
    truth = model.vertices(torch.randn(model.identity_size, generator=generator) * 0.8)
    points = model.landmarks478.on(model.template)
    sideways = torch.tensor([1.0, 0.0, 0.0])
    aside = (points[:, :1].abs() / 0.06) ** 2 * points[:, :1].sign() * sideways
    albedo = torch.full((len(truth),), 0.4)
    pictures = [picture_of(model, truth, albedo, yaw, -0.004 * aside) for yaw in (0.0, 30.0)]
    unsure = torch.where(points[:, 0].abs() > 0.03, 0.1, 1.0)
    return truth, [replace(picture, confidences=unsure) for picture in pictures]


def cheek_error(model, fit, truth):
    """Mean distance in mm along the normal of the cheeks and jaw, after the best similarity."""
    face = model.region("face")
    side = face & (model.template[:, 1] < 0.02) & (model.template[:, 0].abs() > 0.045)
    normals = vertex_normals(truth, model.part("skin").faces)[side].double()
    own, true = fit.neutral_vertices.double(), truth.double()
    own, true = own - own[face].mean(0), true - true[face].mean(0)
    u, singular, vt = torch.linalg.svd(true[face].T @ own[face])
    moved = singular.sum() / own[face].square().sum() * own @ (u @ vt).T
    return float(((moved - true)[side] * normals).sum(1).abs().mean()) * 1000


@pytest.mark.parametrize("photos", [1, 2])
def test_outlines_bring_cheeks_and_jaw_closer_to_truth(model, photos):
    plain, outlined = 0.0, 0.0
    for seed in (1, 2, 3):
        truth, pictures = person(model, seed)
        plain += cheek_error(model, fit_photos(pictures[:photos], model, PLAIN), truth)
        outlined += cheek_error(model, fit_photos(pictures[:photos], model, OUTLINED), truth)
    assert outlined < 0.88 * plain


def test_a_matte_without_an_edge_changes_nothing(model):
    _, (picture, _) = person(model, 4)
    blank = replace(picture, matte=torch.ones_like(picture.matte))
    plain = fit_photos([blank], model, PLAIN)
    assert torch.equal(fit_photos([blank], model, OUTLINED).identity, plain.identity)


def test_distances_are_those_to_the_edge_in_photo_pixels(model):
    _, (picture, _) = person(model, 5)
    columns = torch.arange(picture.photo.width).float()
    half = (columns < 150).float().expand(picture.photo.height, -1).contiguous()
    field = edge_window(picture).distances(half)
    distance, slope = field.at(torch.tensor([[130.0, 200.0], [160.0, 200.0]]))
    assert torch.allclose(distance, torch.tensor([19.5, -10.5]), atol=0.6)
    assert torch.allclose(slope, torch.tensor([[-1.0, 0.0], [-1.0, 0.0]]), atol=0.05)
